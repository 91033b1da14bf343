// The framing between daemon and loader: one JSON object a line, and raw bytes after a line of kind `rows` or `resume`.
// Both sides use it; what a message may say is parsed by the caller with the schemas of `loader.ts`.

import type { Readable, Writable } from 'node:stream';
import { StationError } from '#language/station-error.ts';
import { MIB } from '#language/units.ts';

/** What came in: the line's JSON, not yet parsed by a schema, and the raw bytes that followed it. */
export interface ReceivedMessage {
  readonly message: unknown;
  readonly payload?: Uint8Array;
}

/** One end of the connection between daemon and loader. */
export interface Channel {
  /**
   * Sends one message, whole and in the order of the calls. Resolves once the stream has taken it (back-pressure), and
   * the payload is the caller's again then. Errors: the stream's own, and ProtocolError for a message that the other
   * side would refuse.
   */
  send(message: object, payload?: Uint8Array): Promise<void>;
  /** All messages until the other side ends. To be called once. Errors: ProtocolError, and the stream's own. */
  receive(): AsyncGenerator<ReceivedMessage, void, undefined>;
}

/** Settings of a channel. */
export interface ChannelConfig {
  readonly input: Readable;
  readonly output: Writable;
  /**
   * Longest line that is accepted, in bytes; 1 MiB unless given. A loader accepts more (MAX_ORDER_BYTES), because an
   * order carries the parts of all unfinished uploads; the daemon never does, because it is sent by a process that
   * reads a stranger's drive.
   */
  readonly maxLineBytes?: number;
}

/** Longest payload, in bytes. */
export const MAX_PAYLOAD_BYTES: number = 8 * MIB;

/** Longest line that a loader accepts, in bytes: 10,000 parts of 120 bytes for each of some dozen unfinished uploads. */
export const MAX_ORDER_BYTES: number = 64 * MIB;

const MAX_LINE_BYTES = MIB;
const LINE_FEED = 0x0a;
const KINDS_WITH_PAYLOAD: ReadonlySet<unknown> = new Set(['rows', 'resume']);

/** Makes a channel over two streams, which the channel then owns. */
export const createChannel = ({ input, output, maxLineBytes = MAX_LINE_BYTES }: ChannelConfig): Channel => {
  // An error of the stream reaches the caller of `send`; without a listener it would also end the process.
  output.on('error', () => undefined);
  return {
    send: async (message, payload) => {
      const expected = payloadLength(message);
      if (expected !== (payload?.length ?? 0)) {
        throw protocolError(`its payload has ${String(payload?.length ?? 0)} bytes, expected ${String(expected)}`);
      }
      await write(output, `${JSON.stringify(message)}\n`, payload);
    },
    receive: () => receive(input, maxLineBytes),
  };
};

const write = (output: Writable, line: string, payload: Uint8Array | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (error?: Error | null): void => {
      if (error) reject(error);
      else resolve();
    };
    if (payload === undefined || payload.length === 0) {
      output.write(line, settle);
      return;
    }
    output.cork();
    output.write(line);
    output.write(payload, settle);
    output.uncork();
  });

async function* receive(input: Readable, maxLineBytes: number): AsyncGenerator<ReceivedMessage, void, undefined> {
  const frames = createFrames(maxLineBytes);
  for await (const chunk of input) {
    if (!(chunk instanceof Uint8Array)) throw protocolError('the stream gives text, expected bytes');
    yield* frames.take(chunk);
  }
  if (frames.isWithinMessage()) throw protocolError('the stream ended within a message');
}

interface Frames {
  take(chunk: Uint8Array): Generator<ReceivedMessage, void, undefined>;
  isWithinMessage(): boolean;
}

// INVARIANTS
//   parts  holds the beginning of one line (awaited undefined) or of one payload (awaited set), never more
//   size   is the sum of the lengths of parts and never exceeds maxLineBytes or the awaited length
const createFrames = (maxLineBytes: number): Frames => {
  let parts: Uint8Array[] = [];
  let size = 0;
  let awaited: { readonly message: unknown; readonly length: number } | undefined;

  const keep = (part: Uint8Array): void => {
    if (part.length === 0) return;
    parts.push(part);
    size += part.length;
  };
  const taken = (): Buffer => {
    const whole = Buffer.concat(parts, size);
    parts = [];
    size = 0;
    return whole;
  };

  const takePayload = function* (
    chunk: Uint8Array,
    { message, length }: { readonly message: unknown; readonly length: number },
  ): Generator<ReceivedMessage, Uint8Array, undefined> {
    const missing = length - size;
    keep(chunk.subarray(0, missing));
    if (size === length) {
      awaited = undefined;
      yield { message, payload: taken() };
    }
    return chunk.subarray(missing);
  };

  const takeLine = function* (chunk: Uint8Array): Generator<ReceivedMessage, Uint8Array, undefined> {
    const end = chunk.indexOf(LINE_FEED);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    if (size + part.length > maxLineBytes) throw protocolError(`a line is longer than ${String(maxLineBytes)} bytes`);
    keep(part);
    if (end === -1) return chunk.subarray(chunk.length);
    const message = parseLine(taken());
    const length = payloadLength(message);
    if (length > 0) awaited = { message, length };
    else yield carriesPayload(message) ? { message, payload: new Uint8Array() } : { message };
    return chunk.subarray(end + 1);
  };

  return {
    take: function* (chunk) {
      let rest = chunk;
      while (rest.length > 0) rest = yield* awaited === undefined ? takeLine(rest) : takePayload(rest, awaited);
    },
    isWithinMessage: () => size > 0 || awaited !== undefined,
  };
};

const parseLine = (line: Buffer): object => {
  let message: unknown;
  try {
    message = JSON.parse(line.toString('utf8'));
  } catch (error: unknown) {
    throw protocolError('a line is no JSON', error);
  }
  if (typeof message !== 'object' || message === null) throw protocolError('a line is no JSON object');
  return message;
};

const carriesPayload = (message: object): boolean => 'kind' in message && KINDS_WITH_PAYLOAD.has(message.kind);

const payloadLength = (message: object): number => {
  if (!carriesPayload(message)) return 0;
  const bytes = 'bytes' in message ? message.bytes : undefined;
  if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 0 || bytes > MAX_PAYLOAD_BYTES) {
    throw protocolError(`a payload's length is no whole number up to ${String(MAX_PAYLOAD_BYTES)}`);
  }
  return bytes;
};

// Never carries what was received: it may hold secrets or a stranger's names.
const protocolError = (state: string, cause?: unknown): StationError =>
  new StationError({
    code: 'ProtocolError',
    message: `Cannot speak with the other process: ${state}`,
    hint: 'Daemon and loader must be of one release: restart the station.',
    cause,
  });
