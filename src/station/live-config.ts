// The configuration while the daemon runs: whoever holds it sees what is in force now. It changes as a whole, and only
// where every change can be taken by a running daemon.

import { isDeepStrictEqual } from 'node:util';

import type { Config } from '#config/contract.ts';

/** The configuration in force, and the way to put another one in force. */
export interface LiveConfig {
  /** A view: its sections are those that are in force when they are read. */
  readonly config: Config;
  replace(next: Config): void;
}

/** Makes it. */
export const createLiveConfig = (initial: Config): LiveConfig => {
  let current = initial;
  return {
    config: {
      get station() {
        return current.station;
      },
      get launch() {
        return current.launch;
      },
      get control() {
        return current.control;
      },
      get watch() {
        return current.watch;
      },
      get load() {
        return current.load;
      },
      get log() {
        return current.log;
      },
      get journal() {
        return current.journal;
      },
      get jobs() {
        return current.jobs;
      },
      ...(initial.mail === undefined ? {} : { mail: initial.mail }),
      ...(initial.metrics === undefined ? {} : { metrics: initial.metrics }),
      get bays() {
        return current.bays;
      },
    },
    replace: (next) => {
      current = next;
    },
  };
};

/**
 * What a running daemon cannot take of another configuration, each as a sentence's part; empty where all of it can be.
 * `occupied` are the names of bays that have a drive.
 */
export const obstaclesTo = (
  { current, next }: { readonly current: Config; readonly next: Config },
  occupied: ReadonlySet<string>,
): readonly string[] => {
  const fixed: readonly (readonly [path: string, of: (config: Config) => unknown])[] = [
    ['station.state_dir', ({ station }) => station.stateDir],
    ['station.run_dir', ({ station }) => station.runDir],
    ['station.uid', ({ station }) => station.uid],
    ['station.gid', ({ station }) => station.gid],
    ['station.store_key_file', ({ station }) => station.storeKeyFile],
    ['launch', ({ launch }) => launch],
    ['control', ({ control }) => control],
    ['mail', ({ mail }) => mail],
    ['metrics', ({ metrics }) => metrics],
    ['watch.folder', ({ watch }) => watch.folder],
    ['watch.debounce_ms', ({ watch }) => watch.debounceMs],
  ];
  const changed = fixed.filter(([, of]) => !isDeepStrictEqual(of(current), of(next)));
  const bays = current.bays.filter(
    (bay) => occupied.has(bay.name) && !next.bays.some((other) => isDeepStrictEqual(other, bay)),
  );
  return [
    ...changed.map(([path]) => `${path} is taken at the start alone, restart the daemon for it`),
    ...bays.map(({ name }) => `bay "${name}" has a drive, so it has to stay as it is until the drive is out`),
  ];
};
