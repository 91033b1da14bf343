// The configuration file as zod checks it: every section strict, every key in snake_case, every default from `defaults.ts`.
//
// Each section and key has its description, in whole sentences, of which the page import-station.toml(5) is made. A unit
// is the end of the key's name. In `meta`, `title` says what a text has to be, `examples` gives a value where no default
// does, and `otherwise` what holds where a key without a default is left out.

import { isIPv4 } from 'node:net';

import { z } from 'zod';
import { DAY_MS, HOUR_MS, SECOND_MS } from '#language/units.ts';
import { DEFAULTS } from './defaults.ts';
import { flag, group, mailAddress, name, oneOf, path, section, shortPath, text, whole } from './value-types.ts';

// sun_path of unix(7) has 108 bytes, the last one is NUL.
const SOCKET_PATH_BYTES = 107;
// Leaves room for the names of the sockets below it.
const RUN_DIR_BYTES = 72;
// (uid_t) -1 means "no change" to the kernel.
const MAX_ID = 0xfffffffe;
// S3: no part but the last one may be smaller than 5 MiB, none larger than 5 GiB.
const MIN_PART_MIB = 5;
const MAX_PART_MIB = 5 * 1024;
// A load's buffers must fit into memory; this is a guard against a slip of units.
const MAX_IN_FLIGHT_MIB = 16 * 1024;
const MAX_REQUESTS = 1024;
const MAX_READERS = 64;
// Every level costs an open directory.
const MAX_DEPTH = 512;
// More than any file system of a drive has.
const MAX_SPARSE_MIB = 1024 * 1024 * 1024;
const MAX_JOBS_PER_DAY = 1_000_000;
const MAX_EXPIRY_DAYS = 3650;
const MAX_PORT = 65_535;
const MAX_GIVE_UP_HOURS = 24 * 30;

// Root would undo the split between the daemon, the launcher and the loader.
const id = whole(1, MAX_ID);

/** `[load]`, sizes in MiB. */
export const loadSchema = section({
  multipart_threshold_mib: whole(MIN_PART_MIB, MAX_IN_FLIGHT_MIB)
    .default(DEFAULTS.load.multipartThresholdMib)
    .describe('Files larger than this go by multipart upload.'),
  part_size_mib: whole(MIN_PART_MIB, MAX_PART_MIB)
    .default(DEFAULTS.load.partSizeMib)
    .describe('Smallest part of a multipart upload; it grows with files that would need more than 10,000 parts.'),
  max_in_flight_mib: whole(MIN_PART_MIB, MAX_IN_FLIGHT_MIB)
    .default(DEFAULTS.load.maxInFlightMib)
    .describe('How much of its files one load holds in memory.'),
  max_requests_in_flight: whole(1, MAX_REQUESTS)
    .default(DEFAULTS.load.maxRequestsInFlight)
    .describe(
      'Most requests that one load has open at once. It begins with 16 and finds out how many the bucket makes use of: a few for one next door, 256 for one that is 20 ms away.',
    ),
  reader_threads: whole(1, MAX_READERS)
    .default(DEFAULTS.load.readerThreads)
    .describe('Threads that read and hash one drive.'),
  max_depth: whole(1, MAX_DEPTH)
    .default(DEFAULTS.load.maxDepth)
    .describe('Deepest folder that is walked; what lies deeper is a failed row of the log.'),
  sparse_hold_mib: whole(1, MAX_SPARSE_MIB)
    .default(DEFAULTS.load.sparseHoldMib)
    .describe(
      'A file whose size is larger by more than this than what the drive holds of it (a sparse or compressed file) is a hold after all others are loaded: `confirm` sends it, `reject` makes it a failed row.',
    ),
  verify: oneOf(['none', 'reread'])
    .default(DEFAULTS.load.verify)
    .describe(
      '`reread`: after the load the whole drive is read once more and compared with what was loaded; what differs is a failed row, and a hold before the drive may go. It takes as long again as reading the drive.',
    ),
});

/** `[mail]`; without the section no mail is written. */
export const mailSchema = section({
  host: text.regex(/^[A-Za-z0-9.:-]{1,253}$/u, { error: 'expected the name or address of a mail server' }).meta({
    description: 'Mail server that takes mail for everyone.',
    title: 'the name or address of a host',
    examples: ['smtp.example.com'],
  }),
  port: whole(1, MAX_PORT)
    .optional()
    .meta({
      description: 'Port of the mail server.',
      otherwise: '587 for `starttls`, 465 for `tls`, 25 for `none`',
      examples: [587],
    }),
  security: oneOf(['starttls', 'tls', 'none'])
    .default(DEFAULTS.mail.security)
    .describe(
      '`starttls` (a server without it is refused), `tls`, or `none`, which only a server on this host may have.',
    ),
  user: name
    .optional()
    .meta({ description: 'Name at the server.', otherwise: 'the server wants no name', examples: ['import-station'] }),
  password_file: path.optional().meta({
    description: 'File with the password of `user`, mode 0600.',
    otherwise:
      'the systemd credential `smtp-password` where the unit has one, else the file `smtp-password` in `state_dir`',
    examples: ['/var/lib/import-station/smtp-password'],
  }),
  ca_file: path.optional().meta({
    description: 'PEM of a private authority that vouches for the server.',
    otherwise: 'the authorities that Node knows',
    examples: ['/etc/import-station/smtp-ca.pem'],
  }),
  from: mailAddress.meta({ description: 'Address that mail comes from.', examples: ['import-station@example.com'] }),
  operator: mailAddress.meta({
    description:
      'Address of the people who run the station: they get the holds that no customer can end, and answers to mail.',
    examples: ['operators@example.com'],
  }),
  timeout_ms: whole(SECOND_MS / 10, HOUR_MS)
    .default(DEFAULTS.mail.timeoutMs)
    .describe('How long the server may be silent.'),
  first_pause_ms: whole(SECOND_MS / 10, HOUR_MS)
    .default(DEFAULTS.mail.firstPauseMs)
    .describe('Pause until the second attempt. It doubles up to `longest_pause_ms`.'),
  longest_pause_ms: whole(SECOND_MS / 10, DAY_MS)
    .default(DEFAULTS.mail.longestPauseMs)
    .describe('Longest pause between two attempts.'),
  give_up_hours: whole(1, MAX_GIVE_UP_HOURS)
    .default(DEFAULTS.mail.giveUpHours)
    .describe(
      'After this time a message is given up that the server goes on refusing. A server that is away is waited for without end.',
    ),
});

// Whoever may connect reads names of bays and jobs; nobody is asked who he is.
const LISTEN = /^(?:(?<v4>127\.[\d.]+)|\[(?<v6>::1)\]|(?<name>localhost)):(?<port>\d{1,5})$/u;

/** `[metrics]`; without the section metrics are on the control sockets alone. */
const metricsSchema = section({
  listen: text
    .transform((value, context) => {
      const groups = LISTEN.exec(value)?.groups;
      const port = Number(groups?.['port']);
      const host = groups?.['v4'] ?? groups?.['v6'] ?? '127.0.0.1';
      // A number with dots that is no address would be asked of the name service at the start.
      if (groups !== undefined && (host === '::1' || isIPv4(host)) && port >= 1 && port <= MAX_PORT) {
        return { host, port };
      }
      context.addIssue({ code: 'custom', message: 'expected a loopback address with a port, such as 127.0.0.1:9464' });
      return z.NEVER;
    })
    .meta({
      description: 'Loopback address and port that answer `GET /metrics` and `GET /healthz`, and nothing else.',
      title: 'a loopback address with a port',
      examples: ['127.0.0.1:9464', '[::1]:9464'],
    }),
});

/** One `[[bay]]`: exactly one of `port` (`ID_PATH` of udev) and `image` (backing file of a loop device). */
export const baySchema = section({
  name: name.meta({
    description: 'Name that a technician can read, such as the one on its label.',
    examples: ['Bay 1'],
  }),
  port: text
    .regex(/^[\x21-\x7e]{1,255}$/u, { error: 'expected the ID_PATH of a port, as "config bay" prints it' })
    .optional()
    .meta({
      description:
        'The port: `ID_PATH` of udev, as `import-station config bay` prints it for a drive that is plugged in.',
      title: 'text of 1 to 255 ASCII characters without blanks',
      otherwise: '`image` is given',
      examples: ['pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0'],
    }),
  image: path.optional().meta({
    description: 'For trials: the file that losetup attaches and detaches.',
    otherwise: '`port` is given',
    examples: ['/srv/trial/drive.img'],
  }),
});

// Sections with keys that must be given: `Object` makes an empty one, so that each missing key is told by its own name.
/** The whole file. */
export const configSchema = section({
  station: section({
    name: name.optional().meta({
      description: 'Name in status and journal.',
      otherwise: "the host's name",
      examples: ['import-station-1'],
    }),
    state_dir: path
      .default(DEFAULTS.station.stateDir)
      .describe(
        'Durable state: the store, working logs, logs that are not in a bucket yet. Owned by `uid`, mode 0700.',
      ),
    run_dir: shortPath(RUN_DIR_BYTES).default(DEFAULTS.station.runDir).describe('Folder of the sockets.'),
    uid: id.meta({ description: 'Unprivileged user of the daemon.', examples: [980] }),
    gid: id.meta({ description: 'Unprivileged group of the daemon.', examples: [980] }),
    store_key_file: path.optional().meta({
      description: 'File with the 32 bytes, mode 0600, that encrypt the secrets of accounts.',
      otherwise: 'the systemd credential `store-key` where the unit has one, else the file `store-key` in `state_dir`',
      examples: ['/var/lib/import-station/store-key'],
    }),
    require_receive: flag
      .default(DEFAULTS.station.requireReceive)
      .describe(
        'A drive that nobody has said to be received is a hold, instead of being taken as received by plugging it in.',
      ),
    spin_down: flag
      .default(DEFAULTS.station.spinDown)
      .describe('`release` also switches a drive off (it spins down and leaves the kernel), where it can be.'),
  })
    .prefault(Object)
    .describe('The station: its name, its folders, and as whom its daemon runs.'),
  launch: section({
    socket: shortPath(SOCKET_PATH_BYTES)
      .optional()
      .meta({
        description: 'Socket of the launcher.',
        otherwise: '`launch/launch.sock` in `run_dir`',
        examples: ['/run/import-station/launch/launch.sock'],
      }),
    loader_uid: id.meta({
      description: "User of the loaders: another one than the daemon's, and nobody else's.",
      examples: [981],
    }),
    loader_gid: id.meta({
      description: "Group of the loaders: another one than the daemon's, and nobody else's.",
      examples: [981],
    }),
  })
    .prefault(Object)
    .describe('The privileged launcher, and as whom the loaders run that it starts.'),
  control: section({
    read_group: group.optional().meta({
      description: 'Group of those who may look.',
      otherwise: "the daemon's own group",
      examples: ['import-station-read'],
    }),
    technician_group: group.optional().meta({
      description: 'Group of those who handle drives.',
      otherwise: "the daemon's own group",
      examples: ['import-station-technician'],
    }),
    operator_group: group.optional().meta({
      description: 'Group of those who have accounts and jobs.',
      otherwise: "the daemon's own group",
      examples: ['import-station-operator'],
    }),
  })
    .prefault({})
    .describe(
      "Groups that may open the control sockets: who may look, who handles drives, who has accounts and jobs. Each right has those before it. The daemon's user has to be in the groups.",
    ),
  watch: section({
    folder: path.default(DEFAULTS.watch.folder).describe('Folder whose changes hint at a drive.'),
    every_ms: whole(SECOND_MS / 10, HOUR_MS)
      .default(DEFAULTS.watch.everyMs)
      .describe('Time between two listings of the drives without a hint.'),
    debounce_ms: whole(0, 10 * SECOND_MS)
      .default(DEFAULTS.watch.debounceMs)
      .describe('Time in which several hints count as one.'),
  })
    .prefault({})
    .describe('How drives are noticed.'),
  load: loadSchema.prefault({}).describe('Limits of one load.'),
  log: section({
    formula_guard: flag
      .default(DEFAULTS.log.formulaGuard)
      .describe('Guards file names that a spreadsheet would run as a formula.'),
    line_end: oneOf(['lf', 'crlf'])
      .default(DEFAULTS.log.lineEnd)
      .describe('How a line of the log ends: with a line feed, or with a carriage return before it.'),
  })
    .prefault({})
    .describe('The import log that is put into the bucket.'),
  journal: section({
    level: oneOf(['debug', 'info', 'warn', 'error'])
      .default(DEFAULTS.journal.level)
      .describe('The least important entries that are written.'),
  })
    .prefault({})
    .describe('What the daemon writes about what it does.'),
  jobs: section({
    per_day: whole(1, MAX_JOBS_PER_DAY)
      .default(DEFAULTS.jobs.perDay)
      .describe('Jobs that one account may create within 24 hours.'),
    expiry_days: whole(1, MAX_EXPIRY_DAYS)
      .default(DEFAULTS.jobs.expiryDays)
      .describe('Time until a job that saw no drive expires.'),
    failed_wait: flag
      .default(DEFAULTS.jobs.failedWait)
      .describe(
        'A load with failed files is a hold before its log is written: `retry` loads those alone, `confirm` ends the job as it is.',
      ),
    facility_country: name.optional().meta({
      description: 'Country of this facility: drives from other countries need `customs` in their manifest.',
      otherwise: 'nobody is asked for customs',
      examples: ['USA'],
    }),
  })
    .prefault({})
    .describe('Rules for all jobs.'),
  metrics: metricsSchema
    .optional()
    .describe('A port of this host for Prometheus. Without this section metrics are on the control sockets alone.'),
  mail: mailSchema.optional().describe('Mail to customers and to the operator. Without this section none is written.'),
  bay: z
    .array(baySchema, { error: 'expected sections [[bay]]' })
    .default([])
    .describe(
      'One section per port that is a bay, with exactly one of `port` and `image`. A drive in any other port is shown, never mounted.',
    ),
});

/** The file after the schema. */
export type ConfigFile = z.infer<typeof configSchema>;
