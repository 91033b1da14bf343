// Questions and answers about whole files as columns, and back: of small files there are thousands a second.

import type {
  ReaderReplies,
  ReaderReply,
  ReaderRequest,
  ReaderRequests,
  WholeFiles,
  WholeReplies,
} from './reader-messages.ts';

const NUMBERS = 4;
const MD5_DIGITS = 32;
const SHA256_DIGITS = 64;

/** Packs what one thread is asked at once. */
export const createRequestPacker = (): ((requests: readonly ReaderRequest[]) => ReaderRequests) => {
  let told: SharedArrayBuffer | undefined;
  return (requests) => {
    const numbers: number[] = [];
    const others: ReaderRequest[] = [];
    let names = '';
    let memory: SharedArrayBuffer | undefined;
    for (const request of requests) {
      if (request.kind === 'whole' && request.target.memory === (memory ??= request.target.memory)) {
        const { id, file, target } = request;
        numbers.push(id, file.directoryFd, file.sizeBytes, target.offset);
        names += `${file.name}\0`;
      } else others.push(request);
    }
    if (memory === undefined) return { others };
    const isTold = memory === told;
    told = memory;
    return { whole: { ...(isTold ? {} : { memory }), numbers, names }, others };
  };
};

/** The questions of columns; `memory` is where the bytes go. */
export const unpackRequests = ({ numbers, names }: WholeFiles, memory: SharedArrayBuffer): readonly ReaderRequest[] => {
  const requests: ReaderRequest[] = [];
  let from = 0;
  for (let place = 0; place < numbers.length; place += NUMBERS) {
    const to = names.indexOf('\0', from);
    const id = numbers[place] ?? 0;
    const directoryFd = numbers[place + 1] ?? -1;
    const sizeBytes = numbers[place + 2] ?? 0;
    const offset = numbers[place + NUMBERS - 1] ?? 0;
    const file = { directoryFd, name: names.slice(from, to), sizeBytes };
    requests.push({ id, kind: 'whole', file, target: { memory, offset, length: sizeBytes } });
    from = to + 1;
  }
  return requests;
};

/** Packs what is answered at once. */
export const packReplies = (replies: readonly ReaderReply[]): ReaderReplies => {
  const ids: number[] = [];
  const others: ReaderReply[] = [];
  let digests = '';
  for (const reply of replies) {
    if (reply.kind === 'whole') {
      ids.push(reply.id);
      digests += `${reply.md5}${reply.sha256 ?? ''}`;
    } else others.push(reply);
  }
  return { whole: { ids, digests }, others };
};

/** The answers of columns, in order; `isSigned`: the thread gives the SHA-256 of each. */
export const unpackReplies = ({ ids, digests }: WholeReplies, isSigned: boolean): readonly ReaderReply[] => {
  const digits = isSigned ? MD5_DIGITS + SHA256_DIGITS : MD5_DIGITS;
  return ids.map((id, place) => {
    const from = place * digits;
    const md5 = digests.slice(from, from + MD5_DIGITS);
    return isSigned
      ? { id, kind: 'whole', md5, sha256: digests.slice(from + MD5_DIGITS, from + digits) }
      : { id, kind: 'whole', md5 };
  });
};
