// Who answers what on the control sockets: bays and drives the station itself, accounts and jobs the desk.

import { z } from 'zod';

import { callerDetails, type Desk } from '#desk/desk.ts';
import type { Config } from '#config/contract.ts';
import { parseJobId } from '#job/job-id.ts';
import type { Store } from '#store/contract.ts';
import { refuse, type ControlAnswer, type ControlRequest, type Right } from './control-server.ts';
import type { Journal } from './journal.ts';
import type { Station } from './station.ts';
import { drivesView, statusView } from './status-view.ts';

/** What the routes lead to. */
export interface RouteDeps {
  readonly config: Config;
  readonly store: Store;
  readonly station: Station;
  readonly desk: Desk;
  readonly journal: Journal;
  readonly now: () => Date;
}

const retryInputSchema = z.strictObject({ target: z.string().min(1).max(256) });

/** Right that a request needs: reading is anybody's, `retry` the technician's, the rest the operator's. */
export const rightOf = ({ method, path }: Pick<ControlRequest, 'method' | 'path'>): Right => {
  if (method === 'GET') return 'read';
  return path === '/retry' ? 'technician' : 'operator';
};

/** Makes the one handler behind all sockets. */
export const createRoutes =
  (deps: RouteDeps) =>
  async (request: ControlRequest, signal: AbortSignal): Promise<ControlAnswer> => {
    const { config, store, station, desk, now } = deps;
    switch (`${request.method} ${request.path}`) {
      case 'GET /status': {
        const heldJobs = store.jobs().filter(({ hold }) => hold !== undefined);
        const facts = { station: config.station.name, madeAt: now(), bays: station.bays(), heldJobs };
        return { status: 200, body: statusView(facts) };
      }
      case 'GET /drives':
        return { status: 200, body: drivesView(station.snapshot(), config.bays, now()) };
      case 'POST /retry':
        return retry(deps, request);
      default:
        return desk.handle(request, signal);
    }
  };

const retry = ({ station, store, journal, now }: RouteDeps, { body, caller }: ControlRequest): ControlAnswer => {
  const input = retryInputSchema.safeParse(body);
  if (!input.success) return refuse(400, 'InvalidRequest', { message: 'target is missing' });
  const { target } = input.data;
  const jobId = parseJobId(target) ?? station.jobIn(target);
  if (!station.retry(target)) return refuse(409, 'NothingToRetry', { target });
  const details = callerDetails(caller);
  const job = jobId === undefined ? undefined : store.job(jobId);
  if (job !== undefined) store.changeJob(job.jobId, { changedAt: now(), state: job.state, cause: 'retry', details });
  journal.info({ target, ...details }, 'retry asked for');
  return { status: 200, body: { retried: target } };
};
