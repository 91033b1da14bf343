// Rules of the configuration that look at more than one key. They run on whatever parts are sound, so that every
// problem of a file is told at once.

import { baySchema, configSchema, loadSchema, mailSchema } from './schema.ts';

/** A finding by its path; value and line are added by the reader. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Findings of all rules over several keys. `raw` is the file as TOML gives it, which may be wrong elsewhere. */
export const crossCheck = (raw: Readonly<Record<string, unknown>>): readonly Finding[] => [
  ...checkIds(raw['station'], raw['launch']),
  ...checkLoad(raw['load']),
  ...checkMail(raw['mail']),
  ...checkBays(raw['bay']),
];

const stationShape = configSchema.shape.station.unwrap().shape;
const launchShape = configSchema.shape.launch.unwrap().shape;

// The loader reads what a stranger has written; the daemon's files and processes must be out of its reach.
const checkIds = (station: unknown, launch: unknown): readonly Finding[] => {
  const pairs = [
    { daemon: stationShape.uid.safeParse(property(station, 'uid')), loader: launchShape.loader_uid, key: 'loader_uid' },
    { daemon: stationShape.gid.safeParse(property(station, 'gid')), loader: launchShape.loader_gid, key: 'loader_gid' },
  ];
  return pairs.flatMap(({ daemon, loader, key }) => {
    const own = loader.safeParse(property(launch, key));
    return daemon.success && own.success && daemon.data === own.data
      ? [{ path: ['launch', key], message: 'expected another one than the daemon has under [station]' }]
      : [];
  });
};

const checkLoad = (raw: unknown): readonly Finding[] => {
  const load = loadSchema.safeParse(raw ?? {});
  if (!load.success) return [];
  const { multipart_threshold_mib: threshold, part_size_mib: part, max_in_flight_mib: inFlight } = load.data;
  return [
    { key: 'multipart_threshold_mib', value: threshold },
    { key: 'part_size_mib', value: part },
  ].flatMap(({ key, value }) =>
    value > inFlight
      ? [{ path: ['load', key], message: `expected at most load.max_in_flight_mib, which is ${String(inFlight)}` }]
      : [],
  );
};

// Customers' names, and the password, must not pass a network in the clear.
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/u;

const checkMail = (raw: unknown): readonly Finding[] => {
  const { host, security, user, first_pause_ms: first, longest_pause_ms: longest } = mailSchema.shape;
  const server = host.safeParse(property(raw, 'host'));
  const isOpen = security.safeParse(property(raw, 'security')).data === 'none';
  const shortest = first.safeParse(property(raw, 'first_pause_ms')).data;
  const ceiling = longest.safeParse(property(raw, 'longest_pause_ms')).data;
  const name = user.safeParse(property(raw, 'user')).data;
  return [
    ...(isOpen && server.success && !LOOPBACK.test(server.data)
      ? [{ path: ['mail', 'security'], message: 'expected starttls or tls, because the server is not on this host' }]
      : []),
    ...(name === undefined && property(raw, 'password_file') !== undefined
      ? [{ path: ['mail', 'password_file'], message: 'expected mail.user beside it, whose password it is' }]
      : []),
    ...(shortest !== undefined && ceiling !== undefined && shortest > ceiling
      ? [
          {
            path: ['mail', 'first_pause_ms'],
            message: `expected at most mail.longest_pause_ms, which is ${String(ceiling)}`,
          },
        ]
      : []),
  ];
};

const checkBays = (raw: unknown): readonly Finding[] => {
  if (!Array.isArray(raw)) return [];
  const names = new Map<string, number>();
  const ports = new Map<string, number>();
  return raw.flatMap((bay: unknown, index): readonly Finding[] => [
    ...checkPort(bay, index),
    // A technician says "bay 3" and "Bay 3" for the same thing.
    ...checkUnique(names, textOf(bay, 'name')?.toLowerCase(), ['bay', index, 'name']),
    ...checkUnique(ports, textOf(bay, 'port'), ['bay', index, 'port']),
    ...checkUnique(ports, textOf(bay, 'image'), ['bay', index, 'image']),
  ]);
};

const checkPort = (bay: unknown, index: number): readonly Finding[] => {
  const given = ['port', 'image'].filter((key) => property(bay, key) !== undefined).length;
  return given === 1
    ? []
    : [
        {
          path: ['bay', index],
          message: `expected exactly one of port and image, got ${given === 0 ? 'none' : 'both'}`,
        },
      ];
};

const checkUnique = (
  seen: Map<string, number>,
  value: string | undefined,
  path: readonly [string, number, string],
): readonly Finding[] => {
  if (value === undefined) return [];
  const [list, index, key] = path;
  const former = seen.get(value);
  if (former === undefined) {
    seen.set(value, index);
    return [];
  }
  return [{ path, message: `expected a ${key} that no other bay has, ${list}[${String(former)}] has the same one` }];
};

const textOf = (bay: unknown, key: 'name' | 'port' | 'image'): string | undefined => {
  const value = baySchema.shape[key].safeParse(property(bay, key));
  return value.success ? value.data : undefined;
};

const property = (table: unknown, key: string): unknown =>
  typeof table === 'object' && table !== null ? Object.entries(table).find(([name]) => name === key)?.[1] : undefined;
