// The users that a package makes for the station: they stand in for the numbers that a configuration leaves out.

import { readFileSync } from 'node:fs';

/** Numbers of one user. */
export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** The station's users as this host has them; absent where it has none of that name. */
export interface HostUsers {
  readonly station?: UserIds;
  readonly loader?: UserIds;
}

/** Names as systemd/import-station.sysusers.conf makes them. */
const STATION_USER = 'import-station';
const LOADER_USER = 'import-station-loader';

/** Host's file of users, passwd(5). */
const USERS_FILE = '/etc/passwd';
const UID_FIELD = 2;
const GID_FIELD = 3;

/** Reads the users of this host. A host without the file has none. */
export const readHostUsers = (path: string = USERS_FILE): HostUsers => {
  const lines = textOf(path).split('\n');
  const station = idsOf(lines, STATION_USER);
  const loader = idsOf(lines, LOADER_USER);
  return { ...(station === undefined ? {} : { station }), ...(loader === undefined ? {} : { loader }) };
};

/** The configuration as TOML gives it, with the users of the host for the numbers that are left out. */
export const withHostUsers = (
  table: Readonly<Record<string, unknown>>,
  { station, loader }: HostUsers,
): Readonly<Record<string, unknown>> => ({
  ...table,
  ...withDefaults(table, 'station', station === undefined ? {} : { uid: station.uid, gid: station.gid }),
  ...withDefaults(table, 'launch', loader === undefined ? {} : { loader_uid: loader.uid, loader_gid: loader.gid }),
});

// What is no section stays as it is: the schema tells what is wrong with it.
const withDefaults = (
  table: Readonly<Record<string, unknown>>,
  key: 'station' | 'launch',
  defaults: Readonly<Record<string, number>>,
): Readonly<Record<string, unknown>> => {
  const section = table[key] ?? {};
  if (Object.keys(defaults).length === 0 || typeof section !== 'object' || Array.isArray(section)) return {};
  return { [key]: { ...defaults, ...section } };
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
};

const idsOf = (lines: readonly string[], user: string): UserIds | undefined => {
  const fields = lines.find((line) => line.startsWith(`${user}:`))?.split(':') ?? [];
  const uid = idOf(fields[UID_FIELD]);
  const gid = idOf(fields[GID_FIELD]);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
};

const idOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/u.test(text) ? Number(text) : undefined;
