// A configuration changed while the daemon runs (SIGHUP): checked first, then taken as a whole or refused as a whole.

import type { Config } from '#config/contract.ts';
import { formatConfigProblem, readConfig } from '#config/read-config.ts';
import { noticeOf } from '#notice/catalogue.ts';
import type { Journal } from './journal.ts';
import { obstaclesTo, type LiveConfig } from './live-config.ts';
import type { Station } from './station.ts';

/** What a reload touches. */
export interface ReloadDeps {
  readonly configPath: string;
  readonly live: LiveConfig;
  readonly station: Station;
  readonly journal: Journal;
}

/** Reads the configuration again and takes it if all of it can be taken. To be called between two reconciles. */
export const reloadConfig = ({ configPath, live, station, journal }: ReloadDeps): void => {
  const read = readConfig(configPath);
  const problems =
    read.kind === 'problem'
      ? read.problems.map(formatConfigProblem)
      : obstaclesTo({ current: live.config, next: read.config }, occupiedBays(station));
  if (read.kind === 'ok' && problems.length === 0) {
    take(read.config, { live, station, journal });
    return;
  }
  const { code, happened, actor, todo } = noticeOf('ReloadRefused', { file: configPath, message: problems.join('; ') });
  journal.error({ code, reason: happened, actor, todo }, 'configuration refused');
};

const take = (next: Config, { live, station, journal }: Omit<ReloadDeps, 'configPath'>): void => {
  live.replace(next);
  journal.level = next.journal.level;
  station.takeBays(next.bays);
  journal.info({ station: next.station.name, bays: next.bays.map(({ name }) => name) }, 'configuration taken');
};

const occupiedBays = (station: Station): ReadonlySet<string> =>
  new Set(
    station
      .bays()
      .filter(({ run, settling }) => run !== undefined || settling !== undefined)
      .map(({ bay }) => bay.name),
  );
