// A reader thread: reads into shared memory and hashes on the way, one pass over the bytes, one question after the other. A
// drive that hangs blocks this thread, one of Node's pool where a large file is read, and no other part of the loader.

import { closeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { whenTaken } from '#drive/waiting-thread.ts';
import { finish, openFile, readPart, readWhole, type DriveAccess, type OpenFile, type Place } from './read-file.ts';
import { packReplies, unpackRequests } from './reader-columns.ts';
import type { ReaderReply, ReaderRequest, ReaderRequests, ReaderThreadData, Target } from './reader-messages.ts';

/** Serves one port until it closes. Errors that are not the drive's end the thread. */
const serve = (
  port: NonNullable<typeof parentPort>,
  { counters, readsDirectly, isSigned }: ReaderThreadData,
): ((requests: ReaderRequests) => void) => {
  const counter = new BigInt64Array(counters);
  const drive: DriveAccess = {
    onAnswer: (code) => {
      Atomics.add(counter, 0, 1n);
      if (code === 'EIO') Atomics.add(counter, 2, 1n);
    },
    readsDirectly,
  };
  let countedMicros = 0;
  const countCpu = (): void => {
    const { user, system } = process.threadCpuUsage();
    Atomics.add(counter, 1, BigInt(user + system - countedMicros));
    countedMicros = user + system;
  };
  const openFiles = new Map<number, OpenFile>();
  const close = (openId: number): void => {
    const file = openFiles.get(openId);
    if (file === undefined) return;
    openFiles.delete(openId);
    closeSync(file.fd);
  };
  const placeOf = ({ memory, offset, length }: Target): Place => ({
    bytes: new Uint8Array(memory, offset, length),
    isSigned,
  });
  const answer = (request: ReaderRequest): ReaderReply | undefined | Promise<ReaderReply> => {
    const { id } = request;
    switch (request.kind) {
      case 'whole': {
        const read = readWhole(request.file, placeOf(request.target), drive);
        return read instanceof Promise ? read.then((end) => ({ id, ...end })) : { id, ...read };
      }
      case 'open': {
        const file = openFile(request.file, drive);
        if ('code' in file) return { id, ...file };
        openFiles.set(id, file);
        return { id, kind: 'open' };
      }
      case 'part': {
        const file = openFiles.get(request.openId);
        if (file === undefined) return notOpen();
        return readPart(file, placeOf(request.target), drive).then((end) => ({ id, ...end }));
      }
      case 'finish': {
        const file = openFiles.get(request.openId);
        const finished = file === undefined ? notOpen() : finish(file, drive.onAnswer);
        close(request.openId);
        return { id, ...finished };
      }
      case 'close':
        close(request.openId);
        return undefined;
    }
  };
  const questions: ReaderRequest[] = [];
  let isBusy = false;
  let replies: ReaderReply[] = [];
  const say = (): void => {
    countCpu();
    if (replies.length > 0) port.postMessage(packReplies(replies));
    replies = [];
  };
  const serveAll = async (): Promise<void> => {
    isBusy = true;
    let saidMs = performance.now();
    for (let request = questions.shift(); request !== undefined; request = questions.shift()) {
      const answered = answer(request);
      if (answered instanceof Promise) say();
      const reply = answered instanceof Promise ? await answered : answered;
      if (reply !== undefined) replies.push(reply);
      const nowMs = performance.now();
      if (nowMs - saidMs < SAY_EVERY_MS) continue;
      say();
      saidMs = nowMs;
    }
    say();
    isBusy = false;
  };
  let memory: SharedArrayBuffer | undefined;
  return ({ whole, others }) => {
    questions.push(...others);
    if (whole !== undefined) {
      memory = whole.memory ?? memory;
      if (memory === undefined) throw new Error('The first question names a memory');
      questions.push(...unpackRequests(whole, memory));
    }
    // A rejection ends the thread.
    if (!isBusy) void serveAll();
  };
};

/** Answers wait no longer than this for those of the same message. */
const SAY_EVERY_MS = 1;

const notOpen = (): never => {
  throw new Error('A file is read only while it is open');
};

const isReaderThreadData = (data: unknown): data is ReaderThreadData =>
  typeof data === 'object' &&
  data !== null &&
  'counters' in data &&
  data.counters instanceof SharedArrayBuffer &&
  'readsDirectly' in data &&
  'isSigned' in data;

const port = parentPort;
if (port !== null) whenTaken(port, isReaderThreadData, (data) => serve(port, data));
