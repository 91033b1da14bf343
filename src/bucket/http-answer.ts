// An HTTP/1.1 answer, read from the bytes of a connection as they come (RFC 9112): pure but for what it remembers.
//
// INVARIANTS
// - Strict: what cannot be understood is no answer, for an answer stands for a file that is safe.
// - Bounded: a head of at most 64 KiB, and of a body its first 64 KiB; the rest is counted and dropped.

import { KIB } from '#language/units.ts';

/** Headers that someone reads; all others are looked at for their form alone. */
export interface AnswerHeaders {
  etag: string | undefined;
  'x-amz-checksum-crc32': string | undefined;
  'x-amz-server-side-encryption': string | undefined;
  connection: string | undefined;
  'content-length': string | undefined;
  'transfer-encoding': string | undefined;
}

/** An answer, of whatever status. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of a name that comes twice, both values with a comma between them. */
  readonly headers: Readonly<AnswerHeaders>;
  /** The first 64 KiB, as UTF-8. */
  readonly body: string;
  /** The connection can take the next request. */
  readonly keepsAlive: boolean;
}

/** What a connection gave is no answer of HTTP. */
export class MalformedAnswer extends Error {
  readonly code = 'ERR_MALFORMED_ANSWER';
}

/** Reads one answer after another. */
export interface AnswerReader {
  /** Takes bytes; gives the answer once it is whole. Throws MalformedAnswer. */
  push(chunk: Uint8Array): HttpAnswer | undefined;
  /** The connection was ended by the other side: gives an answer whose end that is, if there is one. */
  end(): HttpAnswer | undefined;
}

const MAX_HEAD_BYTES = 64 * KIB;
const MAX_BODY_BYTES = 64 * KIB;
const HEAD_END = '\r\n\r\n';
const EMPTY = Buffer.alloc(0);
const FIRST_FINAL_STATUS = 200;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

interface Head {
  readonly status: number;
  readonly headers: Readonly<AnswerHeaders>;
  readonly isKeepAlive: boolean;
}

/** Tells where a body ends. */
interface Body {
  /** Takes bytes; gives how many are left over once the body is whole, else undefined. */
  take(bytes: Buffer): number | undefined;
  readonly endsWithConnection: boolean;
}

/** Makes a reader for one connection. */
export const createAnswerReader = (): AnswerReader => {
  let gathered: Buffer = EMPTY;
  let head: Head | undefined;
  let body: Body | undefined;
  let kept: Buffer[] = [];
  let keptBytes = 0;

  const keep = (bytes: Buffer): void => {
    const wanted = bytes.subarray(0, MAX_BODY_BYTES - keptBytes);
    if (wanted.length === 0) return;
    kept.push(Buffer.from(wanted));
    keptBytes += wanted.length;
  };
  const answer = ({ status, headers, isKeepAlive }: Head, leftOver: number): HttpAnswer => {
    const text = keptBytes === 0 ? '' : Buffer.concat(kept, keptBytes).toString('utf8');
    const keepsAlive = isKeepAlive && leftOver === 0 && body?.endsWithConnection !== true;
    gathered = EMPTY;
    head = undefined;
    body = undefined;
    if (keptBytes > 0) kept = [];
    keptBytes = 0;
    return { status, headers, body: text, keepsAlive };
  };
  const takeBody = (current: Head, bytes: Buffer): HttpAnswer | undefined => {
    body ??= bodyOf(current, keep);
    const leftOver = body.take(bytes);
    return leftOver === undefined ? undefined : answer(current, leftOver);
  };

  return {
    push: (chunk) => {
      let bytes = bufferOf(chunk);
      if (head !== undefined) return takeBody(head, bytes);
      if (gathered.length > 0) bytes = Buffer.concat([gathered, bytes]);
      for (;;) {
        const end = bytes.indexOf(HEAD_END, 0, 'latin1');
        if (end > MAX_HEAD_BYTES || (end === -1 && bytes.length > MAX_HEAD_BYTES)) throw new MalformedAnswer(TOO_LONG);
        if (end === -1) {
          // The memory of a chunk may be used again.
          gathered = Buffer.from(bytes);
          return undefined;
        }
        const read = readHead(bytes.toString('latin1', 0, end));
        const bodyStart = end + HEAD_END.length;
        bytes = bodyStart === bytes.length ? EMPTY : bytes.subarray(bodyStart);
        if (read.status >= FIRST_FINAL_STATUS) {
          head = read;
          return takeBody(read, bytes);
        }
        // `100 Continue` and its like come before the answer.
        gathered = EMPTY;
      }
    },
    end: () => {
      if (head === undefined || body?.endsWithConnection !== true) return undefined;
      return answer(head, 0);
    },
  };
};

const TOO_LONG = 'the head of the answer has no end';

const bufferOf = (chunk: Uint8Array): Buffer =>
  Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);

// What it matches has its digits at the places below.
const STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: |$)/u;
const MINOR_PLACE = 'HTTP/1.'.length;
const STATUS_PLACE = 'HTTP/1.x '.length;
const STATUS_END = STATUS_PLACE + 'NNN'.length;
const LINE_END = '\r\n';

// In one pass and with little memory: there is one for every file.
const readHead = (text: string): Head => {
  let end = lineEnd(text, 0);
  if (!STATUS_LINE.test(text.slice(0, end))) throw new MalformedAnswer('what came is no answer of HTTP/1.1');
  const headers: AnswerHeaders = {
    etag: undefined,
    'x-amz-checksum-crc32': undefined,
    'x-amz-server-side-encryption': undefined,
    connection: undefined,
    'content-length': undefined,
    'transfer-encoding': undefined,
  };
  while (end < text.length) {
    const start = end + LINE_END.length;
    end = lineEnd(text, start);
    const colon = tokenEnd(text, start);
    if (colon === start || text[colon] !== ':') throw new MalformedAnswer('a line of the head is no header');
    const name = nameOf(text, start, colon);
    if (name === undefined) continue;
    const value = text.slice(colon + 1, end).trim();
    const former = headers[name];
    headers[name] = former === undefined ? value : `${former}, ${value}`;
  }
  const connection = headers.connection?.toLowerCase() ?? '';
  const isKeepAlive = text[MINOR_PLACE] === '1' ? !connection.includes('close') : connection === 'keep-alive';
  return { status: Number(text.slice(STATUS_PLACE, STATUS_END)), headers, isKeepAlive };
};

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf(LINE_END, from);
  return end === -1 ? text.length : end;
};

/** The names of AnswerHeaders by their lengths, no two of which are the same. */
const NAMES: ReadonlyMap<number, keyof AnswerHeaders> = new Map(
  (
    [
      'etag',
      'x-amz-checksum-crc32',
      'x-amz-server-side-encryption',
      'connection',
      'content-length',
      'transfer-encoding',
    ] as const
  ).map((name) => [name.length, name]),
);

const nameOf = (text: string, start: number, end: number): keyof AnswerHeaders | undefined => {
  const name = NAMES.get(end - start);
  return name !== undefined && text.slice(start, end).toLowerCase() === name ? name : undefined;
};

const CHARACTERS = 256;
// RFC 9110, "Tokens".
const IS_TOKEN: readonly boolean[] = Array.from({ length: CHARACTERS }, (_, code) =>
  /[!#$%&'*+.^_`|~0-9A-Za-z-]/u.test(String.fromCharCode(code)),
);

const tokenEnd = (text: string, start: number): number => {
  let end = start;
  while (IS_TOKEN[text.charCodeAt(end)] === true) end += 1;
  return end;
};

const bodyOf = ({ status, headers }: Head, keep: (bytes: Buffer) => void): Body => {
  if (status === NO_CONTENT || status === NOT_MODIFIED) return sizedBody(0, keep);
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  if (coding === undefined && length === '0') return NO_BODY;
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked' || length !== undefined) throw new MalformedAnswer('it is coded strangely');
    return chunkedBody(keep);
  }
  if (length === undefined) return openBody(keep);
  if (!/^\d{1,15}$/u.test(length)) throw new MalformedAnswer('its length is no number');
  return sizedBody(Number(length), keep);
};

const NO_BODY: Body = { endsWithConnection: false, take: (bytes) => bytes.length };

const sizedBody = (size: number, keep: (bytes: Buffer) => void): Body => {
  let missing = size;
  return {
    endsWithConnection: false,
    take: (bytes) => {
      const own = bytes.subarray(0, missing);
      keep(own);
      missing -= own.length;
      return missing === 0 ? bytes.length - own.length : undefined;
    },
  };
};

const openBody = (keep: (bytes: Buffer) => void): Body => ({
  endsWithConnection: true,
  take: (bytes) => {
    keep(bytes);
    return undefined;
  },
});

const MAX_CHUNK_LINE_BYTES = 4 * KIB;

// Size line, so many bytes, line end; a size of 0, trailers, an empty line (RFC 9112, "Chunked Transfer Coding").
const chunkedBody = (keep: (bytes: Buffer) => void): Body => {
  let line = '';
  let missing = 0;
  let expects: 'size' | 'data' | 'data-end' | 'trailer' = 'size';
  const takeLine = (text: string): boolean => {
    switch (expects) {
      case 'size': {
        const size = /^(?<size>[0-9a-f]{1,12})[\t ]*(?:;.*)?$/iu.exec(text)?.groups?.['size'];
        if (size === undefined) throw new MalformedAnswer('a chunk has no size');
        missing = Number.parseInt(size, HEX);
        expects = missing === 0 ? 'trailer' : 'data';
        return false;
      }
      case 'data-end':
        if (text !== '') throw new MalformedAnswer('a chunk is longer than its size');
        expects = 'size';
        return false;
      case 'trailer':
        return text === '';
      case 'data':
        return false;
    }
  };
  return {
    endsWithConnection: false,
    take: (bytes) => {
      let place = 0;
      while (place < bytes.length) {
        if (expects === 'data') {
          const own = bytes.subarray(place, place + missing);
          keep(own);
          missing -= own.length;
          place += own.length;
          if (missing === 0) expects = 'data-end';
          continue;
        }
        const feed = bytes.indexOf(LINE_FEED, place);
        const end = feed === -1 ? bytes.length : feed;
        line += bytes.toString('latin1', place, end);
        if (line.length > MAX_CHUNK_LINE_BYTES) throw new MalformedAnswer('a line of its body has no end');
        if (feed === -1) return undefined;
        place = feed + 1;
        const text = line.endsWith('\r') ? line.slice(0, -1) : line;
        line = '';
        if (takeLine(text)) return bytes.length - place;
      }
      return undefined;
    },
  };
};

const LINE_FEED = 0x0a;
const HEX = 16;
