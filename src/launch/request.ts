// The one line that a launcher reads of its connection.

import type { Socket } from 'node:net';

import { launchRequestSchema, type LaunchRequest } from '#protocol/launch.ts';
import { KIB, SECOND_MS } from '#language/units.ts';

/** The request, `closed` where the other side went away without one, or what is wrong with what came. */
export type RequestResult =
  | { readonly kind: 'ok'; readonly request: LaunchRequest }
  | { readonly kind: 'closed' }
  | { readonly kind: 'problem'; readonly message: string };

const MAX_LINE_BYTES = KIB;
const DEADLINE_MS = 10 * SECOND_MS;
const LINE_FEED = 0x0a;

/**
 * Reads one line of at most 1 KiB within 10 s. Whoever asks waits for the answer, so a byte after the line is a
 * breach: it would be read here and lost to the loader. Afterwards the connection is no longer read.
 */
export const readRequest = (connection: Socket): Promise<RequestResult> =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const settle = (result: RequestResult): void => {
      clearTimeout(timer);
      connection.pause();
      connection.off('data', take).off('end', close).off('close', close);
      resolve(result);
    };
    const refuse = (message: string): void => {
      settle({ kind: 'problem', message });
    };
    const take = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(LINE_FEED);
      if (end === -1 && received.length <= MAX_LINE_BYTES) return;
      if (end === -1 || end > MAX_LINE_BYTES) refuse(`the request is longer than ${String(MAX_LINE_BYTES)} bytes`);
      else if (end !== received.length - 1) refuse('there are bytes after the request');
      else settle(parseRequest(received.toString('utf8', 0, end)));
    };
    const close = (): void => {
      settle({ kind: 'closed' });
    };
    const timer = setTimeout(() => {
      refuse(`no request came within ${String(DEADLINE_MS)} ms`);
    }, DEADLINE_MS);
    connection.on('data', take).on('end', close).on('close', close);
  });

/** Parses the line of a request. What came is not repeated in the message. */
export const parseRequest = (line: string): RequestResult => {
  try {
    const parsed = launchRequestSchema.safeParse(JSON.parse(line));
    if (parsed.success) return { kind: 'ok', request: parsed.data };
    const paths = parsed.error.issues.map(({ path }) => path.join('.')).filter((path) => path !== '');
    return { kind: 'problem', message: `the request breaks the rules: ${paths.join(', ') || 'its shape'}` };
  } catch (error: unknown) {
    if (error instanceof SyntaxError) return { kind: 'problem', message: 'the request is no JSON' };
    throw error;
  }
};
