// What both lanes keep to on the wire: how many connections, how long a wait, which bodies are signed.

import { KIB, MINUTE_MS, SECOND_MS } from '#language/units.ts';
import type { BucketAccess } from './contract.ts';

/** Requests to a bucket 20 ms away that keep a station's line full. */
export const MAX_SOCKETS = 256;
/** What is below is a success, or comes before an answer (RFC 9110, "Status Codes"). */
export const FIRST_FAILURE_STATUS = 300;
/** For a connection to be made. */
export const CONNECT_TIMEOUT_MS: number = 10 * SECOND_MS;
/**
 * Silence on a connection. Some stores say nothing while they put a large object's parts together. A body that stops on
 * its way is given up after up to twice as long: Node's socket asks once more where some of a write has gone out.
 */
export const IDLE_TIMEOUT_MS: number = 2 * MINUTE_MS;
/** Slowest line that is given its time; a request that takes longer than its body over such a line is hung. */
const SLOWEST_BYTES_PER_SECOND = 32 * KIB;

/** Time limit of a request with a body of this size, in milliseconds. */
export const requestTimeoutMs = (bodyBytes: number): number =>
  IDLE_TIMEOUT_MS + Math.ceil(bodyBytes / SLOWEST_BYTES_PER_SECOND) * SECOND_MS;

/** True where nothing else protects what is sent on its way: neither TLS nor a network that the account trusts. */
export const isBodySigned = ({ endpoint, isNetworkTrusted }: BucketAccess): boolean =>
  !isNetworkTrusted && endpoint?.toLowerCase().startsWith('http:') === true;
