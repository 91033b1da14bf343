// Answers of the desk: a status of HTTP with a body of the control protocol.

import { noticeOf } from '#notice/catalogue.ts';
import type { Refusal } from '#protocol/control.ts';

/** What a request gets. */
export interface DeskReply {
  readonly status: number;
  readonly body: object;
}

/** One finding of a refusal. */
export type Problem = NonNullable<Refusal['problems']>[number];

/** Why something is refused: a code of the catalogue, the facts for its words, the findings where there are any. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
  readonly problems?: readonly Problem[];
}

const OK = 200;
const CREATED = 201;
const UNPROCESSABLE = 422;

// What the codes mean to a speaker of HTTP; whatever a manifest or a bucket is the reason of is 422.
const STATUSES: ReadonlyMap<string, number> = new Map([
  ['InvalidRequest', 400],
  ['NotFound', 404],
  ['InvalidSender', 404],
  ['InvalidJobId', 404],
  ['AccountExists', 409],
  ['AccountHasJobs', 409],
  ['KeyInUse', 409],
  ['NoSigningKey', 409],
  ['NoLoadingKey', 409],
  ['UnableToUpdateJobId', 409],
  ['CreateJobQuotaExceeded', 429],
  ['BucketUnreachable', 502],
  ['NotS3Answer', 502],
]);

/** Makes a refusal. */
export const refused = (
  code: string,
  details: Readonly<Record<string, string>> = {},
  problems: readonly Problem[] = [],
): Refused => ({ kind: 'refused', code, details, ...(problems.length === 0 ? {} : { problems }) });

/** The reply of a refusal, in the words of the catalogue. */
export const refuse = ({ code, details, problems }: Refused): DeskReply => {
  const body: Refusal = {
    error: noticeOf(code, details),
    ...(problems === undefined ? {} : { problems: [...problems] }),
  };
  return { status: STATUSES.get(code) ?? UNPROCESSABLE, body };
};

/** The reply to a request that was done. */
export const done = (body: object): DeskReply => ({ status: OK, body });

/** The reply to a request that made something. */
export const created = (body: object): DeskReply => ({ status: CREATED, body });
