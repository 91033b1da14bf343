// The technician's commands on bays, as requests of the technician's socket.

import { z } from 'zod';

import { ABORT_CODES } from '#job/status.ts';
import { reasonOf } from '#notice/catalogue.ts';
import { FILE_CODES } from '#protocol/control.ts';
import type { CommandResult } from './command-result.ts';
import { refuse, type ControlAnswer, type ControlRequest } from './control-server.ts';
import type { HandledJob } from './job-commands.ts';
import type { Station } from './station.ts';

const TEXT_LENGTH = 500;
const NAME_LENGTH = 256;

const target = z.string().min(1).max(NAME_LENGTH);
const why = z.string().trim().min(1).max(TEXT_LENGTH);

const retrySchema = z.strictObject({ target });
const holdSchema = z.strictObject({ target, why });
const confirmSchema = z.strictObject({ bay: target, code: target, why });
const rejectFilesSchema = z.strictObject({ bay: target, code: z.enum(FILE_CODES), why });
const returnSchema = z.strictObject({ jobId: target, tracking: why, isErased: z.boolean().optional() });
const receiveSchema = z.strictObject({ jobId: target });
const rejectSchema = z.strictObject({ target, jobId: target.optional(), code: z.enum(ABORT_CODES), why });
const releaseSchema = z.strictObject({ bay: target, now: z.boolean() });

const handledBody = ({ kind: _, ...job }: Extract<HandledJob, { readonly kind: 'ok' }>): object => job;

/** A request of this file. */
type BayRoute = (station: Station, request: ControlRequest) => ControlAnswer | Promise<ControlAnswer>;

const ROUTES: ReadonlyMap<string, BayRoute> = new Map<string, BayRoute>([
  [
    '/retry',
    (station, { body, caller }) =>
      read(retrySchema, body, ({ target: name }) =>
        answer(station.commands.retry(name, caller), () => ({ retried: name })),
      ),
  ],
  [
    '/hold',
    (station, { body, caller }) =>
      read(holdSchema, body, ({ target: name, why: reason }) =>
        answer(station.commands.hold(name, { ...caller, why: reason }), () => ({ held: name })),
      ),
  ],
  [
    '/confirm',
    (station, { body, caller }) =>
      read(confirmSchema, body, ({ bay, code, why: reason }) =>
        answer(station.commands.confirm(bay, code, { ...caller, why: reason }), () => ({ confirmed: bay })),
      ),
  ],
  [
    '/receive',
    (station, { body, caller }) =>
      read(receiveSchema, body, ({ jobId }) => answer(station.jobs.receive(jobId, caller), handledBody)),
  ],
  [
    '/pin',
    (station, { body, caller }) =>
      read(receiveSchema, body, ({ jobId }) =>
        answer(station.jobs.pin(jobId, caller), ({ jobId: asked, pin }) => ({ jobId: asked, pin })),
      ),
  ],
  [
    '/return',
    (station, { body, caller }) =>
      read(returnSchema, body, ({ jobId, tracking, isErased }) =>
        answer(
          station.jobs.giveBack(jobId, { tracking, ...(isErased === undefined ? {} : { isErased }) }, caller),
          handledBody,
        ),
      ),
  ],
  [
    '/reject',
    (station, { body, caller }) =>
      read(rejectSchema, body, async ({ jobId, ...rest }) =>
        answer(
          await station.jobs.reject({ ...rest, ...(jobId === undefined ? {} : { jobId }) }, caller),
          ({ jobId: rejected, isOver }) => ({ jobId: rejected, isOver }),
        ),
      ),
  ],
  [
    '/reject-files',
    (station, { body, caller }) =>
      read(rejectFilesSchema, body, ({ bay, code, why: reason }) =>
        answer(station.commands.rejectFiles(bay, code, { ...caller, why: reason }), () => ({ rejectedFiles: bay })),
      ),
  ],
  [
    '/release',
    (station, { body, caller }) =>
      read(releaseSchema, body, async ({ bay, now }) =>
        answer(await station.commands.release(bay, now, caller), ({ isSwitchedOff }) => ({
          released: bay,
          switchedOff: isSwitchedOff,
        })),
      ),
  ],
]);

const cancelSchema = z.strictObject({ why: why.optional() });
const CANCEL_PATH = /^\/jobs\/(?<jobId>[^/]+)\/cancel$/u;

/** Answers the operator's `POST /jobs/JOBID/cancel`; undefined for any other request. */
export const answerCancel = async (station: Station, request: ControlRequest): Promise<ControlAnswer | undefined> => {
  const jobId = request.method === 'POST' ? CANCEL_PATH.exec(request.path)?.groups?.['jobId'] : undefined;
  if (jobId === undefined) return undefined;
  return read(cancelSchema, request.body, async ({ why: reason }) =>
    answer(
      await station.jobs.cancel(decodeURIComponent(jobId), reason, request.caller),
      ({ jobId: canceled, isOver }) => ({
        jobId: canceled,
        isOver,
      }),
    ),
  );
};

/** True for a request that the technician's socket permits and this file answers. */
export const isBayRoute = ({ method, path }: Pick<ControlRequest, 'method' | 'path'>): boolean =>
  method === 'POST' && ROUTES.has(path);

/** Answers a command on a bay; undefined where it is none. */
export const answerBayRoute = async (station: Station, request: ControlRequest): Promise<ControlAnswer | undefined> =>
  isBayRoute(request) ? ROUTES.get(request.path)?.(station, request) : undefined;

const read = <Value>(
  schema: z.ZodType<Value>,
  body: unknown,
  use: (value: Value) => ControlAnswer | Promise<ControlAnswer>,
): ControlAnswer | Promise<ControlAnswer> => {
  const input = schema.safeParse(body);
  if (input.success) return use(input.data);
  const fields = input.error.issues.map(({ path }) => path.join('.')).filter((path) => path !== '');
  return refuse(400, 'InvalidRequest', { message: `${fields.join(', ') || 'the body'} is missing or not as expected` });
};

const NOT_FOUND_CODES: readonly string[] = ['NoSuchBay', 'InvalidJobId'];

const answer = <Value>(
  result: CommandResult<Value>,
  bodyOf: (value: Extract<CommandResult<Value>, { readonly kind: 'ok' }>) => object,
): ControlAnswer => {
  if (result.kind === 'ok') return { status: 200, body: bodyOf(result) };
  const code = reasonOf(result.code) === undefined ? 'InternalError' : result.code;
  return refuse(NOT_FOUND_CODES.includes(code) ? 404 : 409, code, { message: result.code, ...result.details });
};
