// Reads the station's configuration: TOML, a strict schema, all problems at once with path, value and line.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { printable } from '#language/printable.ts';
import { HOUR_MS, MIB } from '#language/units.ts';
import type { BayConfig, Config, ConfigProblem, ConfigResult, MailConfig } from './contract.ts';
import { crossCheck, type Finding } from './cross-checks.ts';
import { DEFAULTS } from './defaults.ts';
import { readHostUsers, withHostUsers, type HostUsers } from './host-users.ts';
import { configSchema, type ConfigFile } from './schema.ts';
import { tomlLines } from './toml-lines.ts';

/** What the host contributes to the defaults. */
export interface HostFacts {
  readonly hostName: string;
  /** systemd's folder of credentials (systemd.exec(5), `$CREDENTIALS_DIRECTORY`). */
  readonly credentialsDir?: string;
  /** The users that stand in for numbers that are left out. */
  readonly users?: HostUsers;
}

/** Name of the systemd credential, and of the file in the state directory, that holds the store's key. */
const STORE_KEY_NAME = 'store-key';
/** The same for the password of the mail server. */
const SMTP_PASSWORD_NAME = 'smtp-password';

const MAX_FILE_BYTES = MIB;
const SHOWN_LENGTH = 120;

/**
 * Reads and checks the configuration file. Synchronous, because it is the first thing that a process does.
 * A file that cannot be read is a problem like any other, with an empty path.
 */
export const readConfig = (path: string, host: HostFacts = hostFacts()): ConfigResult => {
  const source = readSource(path);
  return source.kind === 'ok' ? parseConfig(source.text, host) : { kind: 'problem', problems: [source.problem] };
};

/** Checks the text of a configuration file. */
export const parseConfig = (source: string, host: HostFacts): ConfigResult => {
  const toml = parseToml(source);
  if (toml.kind === 'problem') return { kind: 'problem', problems: [toml.problem] };
  const table = withHostUsers(toml.table, host.users ?? {});
  const parsed = configSchema.safeParse(table);
  const findings = [...(parsed.error?.issues.flatMap(findingsOf) ?? []), ...crossCheck(table)];
  if (parsed.success && findings.length === 0) return { kind: 'ok', config: configOf(parsed.data, host) };
  const lines = tomlLines(source);
  const problems = findings.map((finding) => problemOf(finding, table, lines));
  return { kind: 'problem', problems: problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
};

/** One line for one problem: `At bay[1].port (line 12): got "x", expected ...`. */
export const formatConfigProblem = ({ path, value, line, message }: ConfigProblem): string => {
  if (path === '') return line === undefined ? message : `At line ${String(line)}: ${message}`;
  const place = line === undefined ? path : `${path} (line ${String(line)})`;
  return value === undefined ? `At ${place}: ${message}` : `At ${place}: got ${value}, ${message}`;
};

const hostFacts = (): HostFacts => {
  const credentialsDir = process.env['CREDENTIALS_DIRECTORY'];
  return {
    hostName: hostname(),
    users: readHostUsers(),
    ...(credentialsDir === undefined ? {} : { credentialsDir }),
  };
};

type Source =
  { readonly kind: 'ok'; readonly text: string } | { readonly kind: 'problem'; readonly problem: ConfigProblem };

const readSource = (path: string): Source => {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) {
      return fileProblem(path, `it has ${String(size)} bytes, expected at most ${String(MAX_FILE_BYTES)}`);
    }
    return { kind: 'ok', text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) };
  } catch (error: unknown) {
    if (error instanceof TypeError) return fileProblem(path, 'it is not UTF-8 text');
    if (error instanceof Error && 'code' in error) return fileProblem(path, String(error.code));
    throw error;
  }
};

const fileProblem = (path: string, state: string): Source => ({
  kind: 'problem',
  problem: { path: '', message: `Cannot read the configuration "${printable(path)}": ${state}` },
});

type Toml =
  | { readonly kind: 'ok'; readonly table: Readonly<Record<string, unknown>> }
  | { readonly kind: 'problem'; readonly problem: ConfigProblem };

const parseToml = (source: string): Toml => {
  try {
    return { kind: 'ok', table: parse(source, { unsafeKeyBehaviour: 'throw' }) };
  } catch (error: unknown) {
    if (!(error instanceof TomlError)) throw error;
    // The rest of the parser's message repeats the source.
    const reason = error.message.split('\n')[0] ?? '';
    return { kind: 'problem', problem: { path: '', line: error.line, message: printable(reason) } };
  }
};

// One unknown key is one finding at its own place, not a list at its section.
const findingsOf = (issue: z.core.$ZodIssue): readonly Finding[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is no key that the station knows' }))
    : [{ path: issue.path, message: issue.message }];

const problemOf = (
  { path, message }: Finding,
  table: Readonly<Record<string, unknown>>,
  lines: ReadonlyMap<string, number>,
): ConfigProblem => {
  const places = path.map((_, index) => formatPath(path.slice(0, index + 1)));
  // A key that is missing, or stands in an inline table, is told by the line of the section around it.
  const line = places.toReversed().flatMap((place) => lines.get(place) ?? [])[0];
  const value = showValue(valueAt(table, path));
  return {
    path: printable(places.at(-1) ?? ''),
    ...(value === undefined ? {} : { value }),
    ...(line === undefined ? {} : { line }),
    message,
  };
};

const formatPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${String(part)}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );

const valueAt = (table: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([key]) => key === String(part))?.[1]
        : undefined,
    table,
  );

const showValue = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  if (value instanceof Date) return value.toISOString();
  // A whole section says nothing that its line does not say better.
  if (typeof value === 'object') return undefined;
  const text = typeof value === 'string' ? `"${printable(value)}"` : String(value);
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}...`;
};

const configOf = (file: ConfigFile, host: HostFacts): Config => {
  const { station, launch, control, watch, load, log, journal, jobs } = file;
  // systemd makes the folder also for a unit whose credentials are all absent.
  const credentialFile = (name: string): string => {
    const credential = join(host.credentialsDir ?? station.state_dir, name);
    return existsSync(credential) ? credential : join(station.state_dir, name);
  };
  return freeze({
    station: {
      name: station.name ?? host.hostName,
      stateDir: station.state_dir,
      runDir: station.run_dir,
      uid: station.uid,
      gid: station.gid,
      storeKeyFile: station.store_key_file ?? credentialFile(STORE_KEY_NAME),
      requireReceive: station.require_receive,
      spinDown: station.spin_down,
    },
    launch: {
      socket: launch.socket ?? join(station.run_dir, 'launch', 'launch.sock'),
      loaderUid: launch.loader_uid,
      loaderGid: launch.loader_gid,
    },
    control: {
      ...(control.read_group === undefined ? {} : { readGroup: control.read_group }),
      ...(control.technician_group === undefined ? {} : { technicianGroup: control.technician_group }),
      ...(control.operator_group === undefined ? {} : { operatorGroup: control.operator_group }),
    },
    watch: { folder: watch.folder, everyMs: watch.every_ms, debounceMs: watch.debounce_ms },
    load: loadLimitsOf(load),
    log: { formulaGuard: log.formula_guard, lineEnd: log.line_end },
    journal: { level: journal.level },
    jobs: {
      perDay: jobs.per_day,
      expiryDays: jobs.expiry_days,
      failedWait: jobs.failed_wait,
      ...(jobs.facility_country === undefined ? {} : { facilityCountry: jobs.facility_country }),
    },
    ...(file.mail === undefined ? {} : { mail: mailOf(file.mail, credentialFile(SMTP_PASSWORD_NAME)) }),
    ...(file.metrics === undefined ? {} : { metrics: file.metrics.listen }),
    bays: file.bay.map(bayOf),
  });
};

const loadLimitsOf = (load: ConfigFile['load']): Config['load'] => ({
  multipartThresholdBytes: load.multipart_threshold_mib * MIB,
  partSizeBytes: load.part_size_mib * MIB,
  maxBytesInFlight: load.max_in_flight_mib * MIB,
  maxRequestsInFlight: load.max_requests_in_flight,
  readerThreads: load.reader_threads,
  maxDepth: load.max_depth,
  sparseHoldBytes: load.sparse_hold_mib * MIB,
  verify: load.verify,
});

const mailOf = (mail: NonNullable<ConfigFile['mail']>, passwordFile: string): MailConfig => ({
  host: mail.host,
  port: mail.port ?? DEFAULTS.mail.ports[mail.security],
  security: mail.security,
  ...(mail.user === undefined ? {} : { user: mail.user }),
  passwordFile: mail.password_file ?? passwordFile,
  ...(mail.ca_file === undefined ? {} : { certificateAuthorityFile: mail.ca_file }),
  from: mail.from,
  operator: mail.operator,
  timeoutMs: mail.timeout_ms,
  firstPauseMs: mail.first_pause_ms,
  longestPauseMs: mail.longest_pause_ms,
  giveUpMs: mail.give_up_hours * HOUR_MS,
});

const bayOf = ({ name, port, image }: ConfigFile['bay'][number]): BayConfig => ({
  name,
  port: {
    ...(port === undefined ? {} : { idPath: port }),
    ...(image === undefined ? {} : { backingFile: image }),
  },
});

const freeze = <Value extends object>(value: Value): Value => {
  for (const key of Reflect.ownKeys(value)) {
    const part: unknown = Reflect.get(value, key);
    if (typeof part === 'object' && part !== null) freeze(part);
  }
  return Object.freeze(value);
};
