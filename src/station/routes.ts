// Who answers what on the control sockets: bays and drives the station itself, accounts and jobs the desk.

import type { Desk } from '#desk/desk.ts';
import type { Config } from '#config/contract.ts';
import type { Metrics } from '#metrics/metrics.ts';
import type { StationStatus } from '#protocol/control.ts';
import type { Store } from '#store/contract.ts';
import { answerBayRoute, answerCancel, isBayRoute } from './bay-routes.ts';
import type { ControlAnswer, ControlRequest, Right } from './control-server.ts';
import type { Station } from './station.ts';
import type { HealthWatch } from './health.ts';
import { answerReport } from './job-report.ts';
import { answerMetrics } from './metrics-routes.ts';
import { drivesView } from './status-view.ts';

/** What the routes lead to. */
export interface RouteDeps {
  readonly config: Config;
  readonly store: Store;
  readonly station: Station;
  readonly desk: Desk;
  readonly metrics: Metrics;
  readonly health: HealthWatch;
  readonly status: () => StationStatus;
  readonly now: () => Date;
}

/** Right that a request needs: reading is anybody's, commands on bays the technician's, the rest the operator's. */
export const rightOf = (request: Pick<ControlRequest, 'method' | 'path'>): Right => {
  if (request.method === 'GET') return 'read';
  return isBayRoute(request) ? 'technician' : 'operator';
};

/** Makes the one handler behind all sockets. */
export const createRoutes =
  (deps: RouteDeps) =>
  async (request: ControlRequest, signal: AbortSignal): Promise<ControlAnswer> => {
    const { config, store, station, desk, now } = deps;
    switch (`${request.method} ${request.path}`) {
      case 'GET /status':
        return { status: 200, body: deps.status() };
      case 'GET /drives':
        return { status: 200, body: drivesView(station.snapshot(), config.bays, now()) };
      default:
        return (
          (await answerMetrics(deps, request)) ??
          (await answerBayRoute(station, request)) ??
          (await answerCancel(station, request)) ??
          (await answerReport({ config, store }, request)) ??
          (await desk.handle(request, signal))
        );
    }
  };
