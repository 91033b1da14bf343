// What a loader says, and whom the supervision tells of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DaemonMessage } from '#protocol/loader.ts';
import type { Received } from '#station/loader-session.ts';
import { superviseLoad } from '#station/supervise-load.ts';

const EVIDENCE = { listedAgain: { files: 2, fingerprint: '0' }, inputErrors: 0 };
const FOUND = { files: 2, bytes: 7, fingerprint: '0' };

test('superviseLoad: tells of rows once they are on disk and acknowledged, and of the end of them', async () => {
  const events: string[] = [];
  const said: Received[] = [
    { kind: 'message', message: { kind: 'rows', sequence: 1, rows: 2, bytes: 300 }, payload: Buffer.alloc(300) },
    { kind: 'message', message: { kind: 'all-stored' } },
    { kind: 'message', message: { kind: 'finished', found: FOUND, evidence: EVIDENCE } },
  ];
  const session = {
    receive: () => Promise.resolve(said.shift() ?? ({ kind: 'ended' } as const)),
    send: ({ kind }: DaemonMessage) => {
      events.push(kind);
      return Promise.resolve();
    },
  };
  const append = (rows: Uint8Array): Promise<void> => {
    events.push(`append ${String(rows.length)}`);
    return Promise.resolve();
  };
  const ports = {
    workingLog: { append },
    onRows: (appendedBytes: number): void => {
      events.push(`rows ${String(appendedBytes)}`);
    },
    onAllStored: (): void => {
      events.push('all-stored');
    },
    isDrivePresent: () => Promise.resolve(true),
    stops: { gentle: new AbortController().signal, final: new AbortController().signal },
    loadingTime: { start: () => undefined, goOn: () => undefined },
  };

  const outcome = await superviseLoad(session as never, ports as never, new AbortController().signal);

  assert.equal(outcome.kind, 'finished');
  assert.deepEqual(events, ['append 300', 'stored', 'rows 300', 'all-stored']);
});
