// A whole station for tests, in real processes: the launcher's server as root, the daemon as an unprivileged user without
// a single capability, and the command line. Everything of it lies in one temporary folder and ends with the station.

import { spawn } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSocketTransport } from '#cli/socket-transport.ts';
import { jobSchema, statusSchema, type BayStatus, type JobView, type StationStatus } from '#protocol/control.ts';
import { createPart, processesWith, type Part } from './part.ts';
import { tryRun, type RunOptions, type RunResult } from './run.ts';
import { DEADLINE_MS, until } from './wait.ts';

/** Numeric users that no host gives away: of the daemon, and of the loaders. */
export const STATION_UID = 64101;
/** See STATION_UID. */
export const LOADER_UID = 64102;

/** Folder of the checkout. */
export const PRODUCT_FOLDER: string = join(import.meta.dirname, '..', '..');

/** A value of the configuration, as TOML. */
export type TomlValue = string | number | boolean;

/** Settings of a station. */
export interface StationOptions {
  /** Bays by the image that is plugged into them, or by the port of udev. */
  readonly bays: readonly { readonly name: string; readonly image?: string; readonly port?: string }[];
  /** Replaces or adds keys of the configuration by section: `{ load: { part_size_mib: 5 } }`. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, TomlValue>>>>;
  /** Folder of the product that runs. Default: the checkout. */
  readonly productFolder?: string;
  /** Default: both parts are started and the daemon answers. */
  readonly isStarted?: boolean;
  /** Environment of the daemon besides PATH. */
  readonly daemonEnv?: Readonly<Record<string, string>>;
  /** Supplementary groups of the daemon, by number. */
  readonly daemonGroups?: readonly number[];
  /**
   * Where given, launchers are started as by a socket unit with Accept=yes, with these capabilities alone, written as for
   * setpriv(1).
   */
  readonly launcherBoundingSet?: string;
}

/** One line of the journal. */
export interface JournalLine {
  /** As journald takes it: 3 error, 4 warning, 6 info, 7 debug. */
  readonly priority: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A station and how to speak with it. */
export interface Station extends AsyncDisposable {
  /** Readable for everyone; holds configuration, state and sockets. */
  readonly folder: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly configPath: string;
  startLauncher(): Promise<void>;
  startDaemon(): Promise<void>;
  /** The running parts. Errors: the part was never started. */
  launcher(): Part;
  daemon(): Part;
  /** Ends the daemon by a signal, and starts it again. */
  restartDaemon(signal: NodeJS.Signals): Promise<void>;
  /** Runs a command of the station with its configuration, as root. */
  cli(...args: readonly string[]): Promise<RunResult>;
  /** The same with settings of the run: stdin, environment. */
  cliWith(options: RunOptions, ...args: readonly string[]): Promise<RunResult>;
  /** Runs a command that must succeed, and gives its stdout. */
  ask(...args: readonly string[]): Promise<string>;
  status(): Promise<StationStatus>;
  /** One bay of the status. Errors: there is none of that name. */
  bay(name: string): Promise<BayStatus>;
  job(jobId: string): Promise<JobView>;
  /** Asks for one bay until it is as wished. The failure shows the bay and the end of the journal. */
  waitForBay(
    name: string,
    what: string,
    isWished: (bay: BayStatus) => boolean,
    deadlineMs?: number,
  ): Promise<BayStatus>;
  /** Waits until a bay holds with this code, and gives it. */
  waitForHold(name: string, code: string, deadlineMs?: number): Promise<BayStatus>;
  /** Asks for a job until its status is one of these. */
  waitForJob(jobId: string, statuses: readonly string[], deadlineMs?: number): Promise<JobView>;
  /** Everything that all daemons of this station wrote. */
  journal(): readonly JournalLine[];
  journalText(): string;
}

const LOAD_DEADLINE_MS = 60_000;
const JOURNAL_TAIL = 30;
const HTTP_OK = 200;
/** The daemon opens it after the others. */
const LAST_SOCKET = 'operator.sock';
/** Column "Flags" of /proc/net/unix, __SO_ACCEPTCON: a socket is in the list before it listens. */
const LISTENING = '00010000';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts a station. What it needs: root, and for loads loop devices. */
export const startStation = async (options: StationOptions): Promise<Station> => {
  const folder = await mkdtemp(join(tmpdir(), 'station-'));
  // The daemon passes through it as another user.
  await chmod(folder, 0o755);
  const station = createStation(folder, options);
  try {
    await prepare(station, options);
    if (options.isStarted ?? true) {
      await station.startLauncher();
      await station.startDaemon();
    }
    return station;
  } catch (error: unknown) {
    await station[Symbol.asyncDispose]();
    throw error;
  }
};

const prepare = async ({ stateDir, runDir, configPath }: Station, options: StationOptions): Promise<void> => {
  for (const [path, mode] of [
    [stateDir, 0o700],
    [runDir, 0o755],
  ] as const) {
    await mkdir(path, { mode });
    await chown(path, STATION_UID, STATION_UID);
  }
  await writeFile(configPath, formatConfig(stateDir, runDir, options), { mode: 0o644 });
};

const formatConfig = (stateDir: string, runDir: string, { bays, config = {} }: StationOptions): string => {
  const sections: Readonly<Record<string, Readonly<Record<string, TomlValue>>>> = {
    station: { name: 'test-station', state_dir: stateDir, run_dir: runDir, uid: STATION_UID, gid: STATION_UID },
    launch: { loader_uid: LOADER_UID, loader_gid: LOADER_UID },
    watch: { every_ms: 250, debounce_ms: 50 },
    journal: { level: 'debug' },
  };
  const names = [...new Set([...Object.keys(sections), ...Object.keys(config)])];
  return [
    ...names.flatMap((name) => [`[${name}]`, ...formatValues({ ...sections[name], ...config[name] })]),
    ...bays.flatMap((bay) => ['[[bay]]', ...formatValues({ ...bay })]),
    '',
  ].join('\n');
};

const formatValues = (values: Readonly<Record<string, TomlValue>>): readonly string[] =>
  Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);

const createStation = (
  folder: string,
  { daemonEnv = {}, daemonGroups = [], launcherBoundingSet, productFolder = PRODUCT_FOLDER }: StationOptions,
): Station => {
  const command = join(productFolder, 'scripts', 'import-station');
  const stateDir = join(folder, 'state');
  const runDir = join(folder, 'run');
  const configPath = join(folder, 'import-station.toml');
  const journal: string[] = [];
  const warnings: string[] = [];
  let launcher: Part | undefined;
  let daemon: Part | undefined;

  const start = (program: string, args: readonly string[], env: Readonly<Record<string, string>>): Part => {
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: SYSTEM_PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => journal.push(text));
    return createPart(child, warnings);
  };
  const cliWith: Station['cliWith'] = (runOptions, ...args) =>
    tryRun(command, args, {
      ...runOptions,
      env: { PATH: SYSTEM_PATH, IMPORT_STATION_CONFIG: configPath, ...runOptions.env },
    });
  const ask: Station['ask'] = async (...args) => {
    const { exitCode, stdout, stderr } = await cliWith({}, ...args);
    if (exitCode !== 0) throw new Error(`import-station ${args.join(' ')} ended with ${String(exitCode)}\n${stderr}`);
    return stdout;
  };
  const tail = (): string => journal.join('').split('\n').slice(-JOURNAL_TAIL).join('\n');

  const station: Station = {
    folder,
    stateDir,
    runDir,
    configPath,
    startLauncher: async () => {
      const socketPath = join(runDir, 'launch', 'launch.sock');
      if (launcherBoundingSet === undefined) {
        const before = await madeAt(socketPath);
        const part = start(command, ['launch-server', '--config', configPath], {});
        launcher = part;
        await until(() => hasNewSocket(part, socketPath, before), { what: 'the launcher listens' });
        return;
      }
      await mkdir(dirname(socketPath));
      const bound = ['--no-new-privs', `--bounding-set=${launcherBoundingSet}`, '--'];
      const accept = ['systemd-socket-activate', '--accept', '--inetd', `--listen=${socketPath}`];
      const part = start('setpriv', [...bound, ...accept, command, 'launch', '--config', configPath], {});
      launcher = part;
      await until(() => listens(part, socketPath), { what: 'the launcher listens' });
      for (const path of [dirname(socketPath), socketPath]) await chown(path, STATION_UID, STATION_UID);
    },
    startDaemon: async () => {
      const groups = daemonGroups.length === 0 ? '--clear-groups' : `--groups=${daemonGroups.join(',')}`;
      const drop = [`--reuid=${String(STATION_UID)}`, `--regid=${String(STATION_UID)}`, groups];
      const bound = ['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all'];
      const args = [...drop, ...bound, '--', command, 'daemon', '--config', configPath];
      const part = start('setpriv', args, daemonEnv);
      daemon = part;
      await until(() => listens(part, join(runDir, 'control', LAST_SOCKET)), {
        what: 'the daemon listens',
        describe: tail,
      });
    },
    launcher: () => given(launcher, 'launcher'),
    daemon: () => given(daemon, 'daemon'),
    restartDaemon: async (signal) => {
      await given(daemon, 'daemon').end(signal);
      await station.startDaemon();
    },
    cli: (...args) => cliWith({}, ...args),
    cliWith,
    ask,
    status: async () => statusSchema.parse(await askSocket(runDir, '/status')),
    bay: async (name) => {
      const { bays } = await station.status();
      return given(
        bays.find(({ bay }) => bay === name),
        `bay ${name}`,
      );
    },
    job: async (jobId) => jobSchema.parse(await askSocket(runDir, `/jobs/${jobId}`)),
    waitForBay: async (name, what, isWished, deadlineMs = LOAD_DEADLINE_MS) => {
      let last: BayStatus | undefined;
      return until(
        async () => {
          last = await station.bay(name);
          return isWished(last) ? last : undefined;
        },
        { what: `${name}: ${what}`, deadlineMs, describe: () => `${JSON.stringify(last, undefined, 2)}\n${tail()}` },
      );
    },
    waitForHold: async (name, code, deadlineMs = LOAD_DEADLINE_MS) =>
      station.waitForBay(name, `holds with ${code}`, ({ hold }) => hold?.code === code, deadlineMs),
    waitForJob: async (jobId, statuses, deadlineMs = LOAD_DEADLINE_MS) => {
      let last: JobView | undefined;
      return until(
        async () => {
          last = await station.job(jobId);
          return statuses.includes(last.state.job) ? last : undefined;
        },
        {
          what: `job ${jobId} is ${statuses.join(' or ')}`,
          deadlineMs,
          describe: () => `${JSON.stringify(last, undefined, 2)}\n${tail()}`,
        },
      );
    },
    journal: () => journal.join('').split('\n').flatMap(parseJournalLine),
    journalText: () => journal.join(''),
    [Symbol.asyncDispose]: async () => {
      await daemon?.end('SIGTERM');
      await launcher?.end('SIGTERM');
      await until(async () => (await processesWith(configPath)).length === 0, {
        what: 'no process of the station is left',
        describe: async () => (await processesWith(configPath)).join('\n'),
      });
      await rm(folder, { recursive: true, force: true });
      if (warnings.length > 0) throw new Error(`The station wrote to stderr:\n${warnings.join('')}`);
    },
  };
  return station;
};

const given = <Value>(value: Value | undefined, what: string): Value => {
  if (value === undefined) throw new Error(`There is no ${what}`);
  return value;
};

const listens = async (part: Part, socketPath: string): Promise<boolean> => {
  if (!part.isRunning()) throw new Error(`It ended before it listened on ${socketPath}:\n${part.stderr()}`);
  return (await readFile('/proc/net/unix', 'utf8')).split('\n').some((line) => {
    const [, , , flags, , , , path] = line.split(' ').filter((word) => word !== '');
    return path === socketPath && flags === LISTENING;
  });
};

// The launcher makes its socket by a descriptor of the folder, so the kernel's list has another path for it. It gives
// the socket to the daemon's user once it listens.
const hasNewSocket = async (part: Part, socketPath: string, before: bigint | undefined): Promise<boolean> => {
  if (!part.isRunning()) throw new Error(`It ended before it listened on ${socketPath}:\n${part.stderr()}`);
  const now = await madeAt(socketPath);
  return now !== undefined && now !== before;
};

/** When the station's socket at this path was given its owner, in ns; undefined where none of the station's is. */
const madeAt = async (socketPath: string): Promise<bigint | undefined> => {
  const stats = await lstat(socketPath, { bigint: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  return stats?.isSocket() === true && stats.uid === BigInt(STATION_UID) ? stats.ctimeNs : undefined;
};

const askSocket = async (runDir: string, path: string): Promise<unknown> => {
  const transport = createSocketTransport(join(runDir, 'control', 'read.sock'));
  const { status, body } = await transport.send({ method: 'GET', path }, AbortSignal.timeout(DEADLINE_MS));
  if (status !== HTTP_OK) throw new Error(`GET ${path} was answered with ${String(status)}: ${JSON.stringify(body)}`);
  return body;
};

const JOURNAL_LINE = /^<([0-7])>(\{.*\})$/u;

const parseJournalLine = (line: string): readonly JournalLine[] => {
  const match = JOURNAL_LINE.exec(line);
  if (match === null) return [];
  return [{ priority: Number(match[1]), fields: JSON.parse(match[2] ?? '{}') as Record<string, unknown> }];
};
