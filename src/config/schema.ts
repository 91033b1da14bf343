// The configuration file as zod checks it: every section strict, every key in snake_case, every default from `defaults.ts`.

import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';
import { printable } from '#language/printable.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from '#language/units.ts';
import { DEFAULTS } from './defaults.ts';

// sun_path of unix(7) has 108 bytes, the last one is NUL.
const SOCKET_PATH_BYTES = 107;
// Leaves room for the names of the sockets below it.
const RUN_DIR_BYTES = 72;
// (uid_t) -1 means "no change" to the kernel.
const MAX_ID = 0xfffffffe;
const NAME_LENGTH = 64;
// S3: no part but the last one may be smaller than 5 MiB, none larger than 5 GiB.
const MIN_PART_MIB = 5;
const MAX_PART_MIB = 5 * 1024;
// A load's buffers must fit into memory; this is a guard against a slip of units.
const MAX_IN_FLIGHT_MIB = 16 * 1024;
const MAX_REQUESTS = 1024;
const MAX_READERS = 64;
// Every level costs an open directory.
const MAX_DEPTH = 512;
const MAX_JOBS_PER_DAY = 1_000_000;
const MAX_EXPIRY_DAYS = 3650;
const MAX_PORT = 65_535;
const MAX_GIVE_UP_HOURS = 24 * 30;
// RFC 5321, 4.5.3.1.3.
const MAIL_ADDRESS_LENGTH = 254;

const text = z.string({ error: (issue) => expected(issue.input, 'text in quotes') });
const flag = z.boolean({ error: (issue) => expected(issue.input, 'true or false') });

const expected = (input: unknown, wish: string): string =>
  input === undefined ? `is missing, expected ${wish}` : `expected ${wish}`;

const whole = (minimum: number, maximum: number): z.ZodNumber => {
  const error = (issue: { readonly input?: unknown }): string =>
    expected(issue.input, `a whole number from ${String(minimum)} to ${String(maximum)}`);
  return z.int({ error }).min(minimum, { error }).max(maximum, { error });
};

const oneOf = <const Values extends readonly [string, ...string[]]>(
  values: Values,
): z.ZodEnum<{ [Value in Values[number]]: Value }> =>
  z.enum(values, { error: (issue) => expected(issue.input, `one of ${values.join(', ')}`) });

const path = text.refine((value) => isAbsolute(value) && normalize(value) === value && value === printable(value), {
  error: 'expected an absolute path without "..", doubled or final slashes',
});

const shortPath = (bytes: number): typeof path =>
  path.refine((value) => Buffer.byteLength(value) <= bytes, {
    error: `expected at most ${String(bytes)} bytes, because paths of sockets are limited`,
  });

const name = text.refine(
  (value) => value.length > 0 && value.length <= NAME_LENGTH && value.trim() === value && value === printable(value),
  { error: `expected 1 to ${String(NAME_LENGTH)} printable characters without blanks around them` },
);

// As groupadd(8) makes them; a number serves as well.
const group = text.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/u, { error: 'expected the name of a group' });

// No quoted local parts and no lists: an address of the station's own is a plain one, and can forge no header.
const mailAddress = text.refine(
  (value) => value.length <= MAIL_ADDRESS_LENGTH && /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$/u.test(value),
  { error: 'expected one mail address, without a name' },
);

// Root would undo the split between the daemon, the launcher and the loader.
const id = whole(1, MAX_ID);

const section = <Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'expected a section' : undefined) });

/** `[load]`, sizes in MiB. */
export const loadSchema = section({
  multipart_threshold_mib: whole(MIN_PART_MIB, MAX_IN_FLIGHT_MIB).default(DEFAULTS.load.multipartThresholdMib),
  part_size_mib: whole(MIN_PART_MIB, MAX_PART_MIB).default(DEFAULTS.load.partSizeMib),
  max_in_flight_mib: whole(MIN_PART_MIB, MAX_IN_FLIGHT_MIB).default(DEFAULTS.load.maxInFlightMib),
  max_requests_in_flight: whole(1, MAX_REQUESTS).default(DEFAULTS.load.maxRequestsInFlight),
  reader_threads: whole(1, MAX_READERS).default(DEFAULTS.load.readerThreads),
  max_depth: whole(1, MAX_DEPTH).default(DEFAULTS.load.maxDepth),
});

/** `[mail]`; without the section no mail is written. */
export const mailSchema = section({
  host: text.regex(/^[A-Za-z0-9.:-]{1,253}$/u, { error: 'expected the name or address of a mail server' }),
  port: whole(1, MAX_PORT).optional(),
  security: oneOf(['starttls', 'tls', 'none']).default(DEFAULTS.mail.security),
  user: name.optional(),
  password_file: path.optional(),
  ca_file: path.optional(),
  from: mailAddress,
  operator: mailAddress,
  timeout_ms: whole(SECOND_MS / 10, HOUR_MS).default(DEFAULTS.mail.timeoutMs),
  first_pause_ms: whole(SECOND_MS / 10, HOUR_MS).default(DEFAULTS.mail.firstPauseMs),
  longest_pause_ms: whole(SECOND_MS / 10, DAY_MS).default(DEFAULTS.mail.longestPauseMs),
  give_up_hours: whole(1, MAX_GIVE_UP_HOURS).default(DEFAULTS.mail.giveUpHours),
});

/** One `[[bay]]`: exactly one of `port` (`ID_PATH` of udev) and `image` (backing file of a loop device). */
export const baySchema = section({
  name,
  port: text
    .regex(/^[\x21-\x7e]{1,255}$/u, { error: 'expected the ID_PATH of a port, as "config bay" prints it' })
    .optional(),
  image: path.optional(),
});

// Sections with keys that must be given: `Object` makes an empty one, so that each missing key is told by its own name.
/** The whole file. */
export const configSchema = section({
  station: section({
    name: name.optional(),
    state_dir: path.default(DEFAULTS.station.stateDir),
    run_dir: shortPath(RUN_DIR_BYTES).default(DEFAULTS.station.runDir),
    uid: id,
    gid: id,
    store_key_file: path.optional(),
    require_receive: flag.default(DEFAULTS.station.requireReceive),
    spin_down: flag.default(DEFAULTS.station.spinDown),
  }).prefault(Object),
  launch: section({
    socket: shortPath(SOCKET_PATH_BYTES).optional(),
    loader_uid: id,
    loader_gid: id,
  }).prefault(Object),
  control: section({
    read_group: group.optional(),
    technician_group: group.optional(),
    operator_group: group.optional(),
  }).prefault({}),
  watch: section({
    folder: path.default(DEFAULTS.watch.folder),
    every_ms: whole(SECOND_MS / 10, HOUR_MS).default(DEFAULTS.watch.everyMs),
    debounce_ms: whole(0, 10 * SECOND_MS).default(DEFAULTS.watch.debounceMs),
  }).prefault({}),
  load: loadSchema.prefault({}),
  log: section({
    formula_guard: flag.default(DEFAULTS.log.formulaGuard),
    line_end: oneOf(['lf', 'crlf']).default(DEFAULTS.log.lineEnd),
  }).prefault({}),
  journal: section({
    level: oneOf(['debug', 'info', 'warn', 'error']).default(DEFAULTS.journal.level),
  }).prefault({}),
  jobs: section({
    per_day: whole(1, MAX_JOBS_PER_DAY).default(DEFAULTS.jobs.perDay),
    expiry_days: whole(1, MAX_EXPIRY_DAYS).default(DEFAULTS.jobs.expiryDays),
    facility_country: name.optional(),
  }).prefault({}),
  mail: mailSchema.optional(),
  bay: z.array(baySchema, { error: 'expected sections [[bay]]' }).default([]),
});

/** The file after the schema. */
export type ConfigFile = z.infer<typeof configSchema>;
