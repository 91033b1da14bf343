// The desk: what customers and the facility's operators ask about accounts and jobs. The daemon's control sockets lead
// here, and the command line where no daemon runs.

import { parseJobId } from '#job/job-id.ts';
import { addAccount, addKey, listAccounts, removeAccount, removeKey, showAccount } from './accounts.ts';
import { checkAccess } from './check-access.ts';
import { createJob, type CreateJobDeps } from './create-job.ts';
import { done, refuse, refused, type DeskReply } from './reply.ts';
import { updateJob, type LoadGuard } from './update-job.ts';
import { jobView } from './views.ts';

/** Who asks: the right that was used, and the name that was given. Nobody has proved the name. */
export interface Caller {
  readonly right: 'read' | 'technician' | 'operator';
  readonly by?: string;
}

/** What the history keeps of a caller. */
export const callerDetails = ({ right, by }: Caller): Readonly<Record<string, string>> => ({
  right,
  ...(by === undefined ? {} : { by }),
});

/** What is asked: a call of the control protocol on accounts or jobs. */
export interface DeskRequest {
  readonly method: string;
  /** Path of the call, its parts percent-encoded. */
  readonly path: string;
  readonly body?: unknown;
  readonly caller?: Caller;
}

/** What the desk needs. */
export interface DeskDeps extends CreateJobDeps {
  /** Absent where no daemon runs; no job is updated then. */
  readonly loads?: LoadGuard;
}

/** Answers calls on accounts and jobs. */
export interface Desk {
  /**
   * Answers one call; a path that is none of the desk's is NotFound. Refusals are answers.
   * Errors: those of the store, and `signal.reason`.
   */
  handle(request: DeskRequest, signal: AbortSignal): Promise<DeskReply>;
}

/** Makes the desk. */
export const createDesk = (deps: DeskDeps): Desk => ({
  handle: async (request, signal) => {
    signal.throwIfAborted();
    const parts = partsOf(request.path);
    const reply = parts === undefined ? undefined : await route(deps, request, parts, signal);
    return reply ?? refuse(refused('NotFound', { target: request.path }));
  },
});

/** The decoded parts of a path; undefined where it cannot be decoded. */
const partsOf = (path: string): readonly string[] | undefined => {
  try {
    return path
      .replace(/^\//u, '')
      .split('/')
      .map((part) => decodeURIComponent(part));
  } catch (error: unknown) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};

const route = async (
  deps: DeskDeps,
  { method, body, caller }: DeskRequest,
  [room, name, inner, innerName, ...rest]: readonly string[],
  signal: AbortSignal,
): Promise<DeskReply | undefined> => {
  if (rest.length > 0 || [name, inner, innerName].includes('')) return undefined;
  const depth = [room, name, inner, innerName].filter((part) => part !== undefined).length;
  const email = name?.toLowerCase() ?? '';
  const details = caller === undefined ? {} : callerDetails(caller);
  switch (`${method} ${room ?? ''} ${String(depth)}`) {
    case 'GET accounts 1':
      return listAccounts(deps);
    case 'POST accounts 1':
      return addAccount(deps, body);
    case 'GET accounts 2':
      return showAccount(deps, email);
    case 'DELETE accounts 2':
      return removeAccount(deps, email);
    case 'POST accounts 3':
      return inner === 'keys' ? addKey(deps, email, body) : undefined;
    case 'DELETE accounts 4':
      return inner === 'keys' ? removeKey(deps, email, innerName ?? '') : undefined;
    case 'POST bucket-check 1':
      return checkAccess(deps, body, signal);
    case 'GET jobs 1':
      return listJobs(deps);
    case 'GET jobs 2':
      return showJob(deps, name ?? '');
    case 'POST jobs 1':
      return createJob(deps, { body, details }, signal);
    case 'POST jobs 3':
      return inner === 'update' && deps.loads !== undefined
        ? updateJob({ ...deps, loads: deps.loads }, { name: name ?? '', body, details }, signal)
        : undefined;
    default:
      return undefined;
  }
};

const listJobs = ({ store }: DeskDeps): DeskReply =>
  done({ jobs: store.jobs().map((job) => jobView(job, store.load(job.jobId), [])) });

const showJob = ({ store }: DeskDeps, text: string): DeskReply => {
  const jobId = parseJobId(text);
  const job = jobId === undefined ? undefined : store.job(jobId);
  return job === undefined
    ? refuse(refused('InvalidJobId', { jobId: text }))
    : done(jobView(job, store.load(job.jobId), store.jobHistory(job.jobId)));
};
