// The status of a running station, from all who know a part of it.

import type { Config } from '#config/contract.ts';
import type { StationStatus } from '#protocol/control.ts';
import type { Store } from '#store/contract.ts';
import type { ClockCheck } from './clock-check.ts';
import type { Station } from './station.ts';
import { statusView } from './status-view.ts';

/** Who knows a part of it. */
export interface StatusSources {
  readonly config: Config;
  readonly store: Pick<Store, 'heldJobs'>;
  readonly station: Pick<Station, 'bays'>;
  readonly clock: ClockCheck;
  readonly now: () => Date;
}

/** `GET /status` */
export const stationStatus = ({ config, store, station, clock, now }: StatusSources): StationStatus => {
  const stationHold = clock.hold();
  return statusView({
    station: config.station.name,
    madeAt: now(),
    bays: station.bays(),
    heldJobs: store.heldJobs(),
    ...(stationHold === undefined ? {} : { stationHold }),
  });
};
