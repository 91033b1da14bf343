// Where a bucket lies, and how far this host's clock is from the bucket's.

import { GetBucketLocationCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { MINUTE_MS } from '#language/units.ts';
import type { BucketAccess, BucketProblem } from './contract.ts';
import { guarded, type Answer } from './guarded.ts';
import { createLane, type Lane } from './s3-client.ts';
import { refusal } from './translate.ts';

/** What was found out about a bucket. */
export interface BucketPlace {
  /** The region that requests must be signed for. */
  readonly region: string;
  /**
   * The bucket's clock less this host's, in milliseconds, exact to about a second. NaN where the answer had no date:
   * no comparison holds then.
   */
  readonly dateSkewMs: number;
}

/**
 * Asks the bucket for its region, whatever region `access` names, and for the time.
 * Errors: NoSuchBucket, a key that is not known or not right, a clock that is too far off, a bucket that does not
 * answer. That the key may not look at the bucket is none: it may be allowed to write all the same.
 */
export const findBucketRegion = async (access: BucketAccess, signal: AbortSignal): Answer<BucketPlace> => {
  const first = await askIn(access, signal);
  if (first.kind === 'problem' || first.region === access.region) return first;
  // Asked in another region a bucket only says where it is, not whether this key may come.
  const second = await askIn({ ...access, region: first.region }, signal);
  return second.kind === 'ok' ? { ...second, region: first.region } : second;
};

const askIn = async (access: BucketAccess, signal: AbortSignal): Answer<BucketPlace> => {
  const lane = createLane(access);
  const head: Head = { region: undefined, dateSkewMs: Number.NaN };
  watchHeads(lane, head);
  try {
    const asked = await guarded(signal, () => headBucket(lane, signal));
    if (asked.kind === 'ok') {
      return {
        kind: 'ok',
        region: head.region ?? (await locate(lane, access.region, signal)),
        dateSkewMs: head.dateSkewMs,
      };
    }
    if (head.region !== undefined && head.region !== access.region) {
      return { kind: 'ok', region: head.region, dateSkewMs: head.dateSkewMs };
    }
    return await explain(lane, { access, asked, head }, signal);
  } finally {
    lane.client.destroy();
  }
};

const headBucket = async (lane: Lane, signal: AbortSignal): Answer<object> => {
  await lane.client.send(new HeadBucketCommand({ ...lane.target }), { abortSignal: signal });
  return { kind: 'ok' };
};

const NOT_FOUND = 404;
/** S3 refuses requests whose time differs by more. */
const MAX_SKEW_MS = 15 * MINUTE_MS;

/** A refused HEAD has a status and no code: the next question is answered in words. */
const explain = async (
  lane: Lane,
  { access, asked, head }: { readonly access: BucketAccess; readonly asked: BucketProblem; readonly head: Head },
  signal: AbortSignal,
): Answer<BucketPlace> => {
  if (asked.status === 0 || asked.scope === 'transient') return asked;
  if (asked.status === NOT_FOUND) return refusal({ ...asked, code: 'NoSuchBucket' });
  if (Math.abs(head.dateSkewMs) > MAX_SKEW_MS) return refusal({ ...asked, code: 'RequestTimeTooSkewed' });
  const located = await guarded(signal, () => getLocation(lane, signal));
  if (located.kind === 'ok') {
    return { kind: 'ok', region: located.region ?? access.region, dateSkewMs: head.dateSkewMs };
  }
  if (located.scope !== 'access-denied') return located;
  return { kind: 'ok', region: head.region ?? access.region, dateSkewMs: head.dateSkewMs };
};

/** The region of a bucket that did not name it in a header; where it does not say, the one that worked. */
const locate = async (lane: Lane, working: string, signal: AbortSignal): Promise<string> => {
  const located = await guarded(signal, () => getLocation(lane, signal));
  return located.kind === 'ok' ? (located.region ?? working) : working;
};

/** Regions as they were named at first (S3, GetBucketLocation). */
const FORMER_NAMES: ReadonlyMap<string, string> = new Map([
  ['', 'us-east-1'],
  ['EU', 'eu-west-1'],
]);

const getLocation = async (lane: Lane, signal: AbortSignal): Answer<{ readonly region: string | undefined }> => {
  const answer = await lane.client.send(new GetBucketLocationCommand({ ...lane.target }), { abortSignal: signal });
  const name: string = answer.LocationConstraint ?? '';
  return { kind: 'ok', region: FORMER_NAMES.get(name) ?? name };
};

/** What the headers of any answer tell, a refusal too. */
interface Head {
  region: string | undefined;
  dateSkewMs: number;
}

const watchHeads = ({ client }: Lane, head: Head): void => {
  client.middlewareStack.add(
    (next) => async (step) => {
      const sentAt = Date.now();
      const answer = await next(step);
      const receivedAt = Date.now();
      const headers = headersOf(answer.response);
      head.region = headers.get('x-amz-bucket-region') ?? head.region;
      // The date is when the answer was made: about half-way. This clock is what is measured, so it is read here.
      head.dateSkewMs = Date.parse(headers.get('date') ?? '') - (sentAt + receivedAt) / 2;
      return answer;
    },
    // Below the SDK's parsing, which makes errors of refusals.
    { step: 'deserialize', name: 'importStationHeads', priority: 'low' },
  );
};

const headersOf = (response: unknown): ReadonlyMap<string, string> => {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return new Map();
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null) return new Map();
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
};
