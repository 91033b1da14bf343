import assert from 'node:assert/strict';
import { test } from 'node:test';

import { GIB, MIB } from '#language/units.ts';
import { holdNotice } from '#station/hold.ts';
import { judgeLogRoom } from '#station/log-room.ts';

for (const { what, freeBytes, usedFiles, writtenBytes, isHeld } of [
  { what: 'a few files and much room', freeBytes: GIB, usedFiles: 1000, writtenBytes: 0, isHeld: false },
  { what: '30 million files and 10 GiB', freeBytes: 10 * GIB, usedFiles: 30_000_000, writtenBytes: 0, isHeld: true },
  { what: '30 million files and 20 GiB', freeBytes: 20 * GIB, usedFiles: 30_000_000, writtenBytes: 0, isHeld: false },
  {
    what: 'a log that is written already',
    freeBytes: GIB,
    usedFiles: 30_000_000,
    writtenBytes: 17 * GIB,
    isHeld: false,
  },
  { what: 'a disk that is full', freeBytes: MIB, usedFiles: 0, writtenBytes: 0, isHeld: true },
]) {
  test(`judgeLogRoom: ${isHeld ? 'holds' : 'lets begin'}, for ${what}`, () => {
    const held = judgeLogRoom({ freeBytes, usedFiles, writtenBytes });

    assert.equal(held?.code, isHeld ? 'NoRoomForLog' : undefined);
  });
}

test('judgeLogRoom: says how much is free and how much may be needed', () => {
  const held = judgeLogRoom({ freeBytes: 10 * GIB, usedFiles: 30_000_000, writtenBytes: 0 }) ?? assert.fail();

  assert.match(holdNotice(held, { bay: 'Bay 1' }).happened, /: 10\.0 GiB are free, up to 16\.8 GiB may be needed\.$/u);
});
