import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDepartures } from '#station/departures.ts';
import type { Attachment } from '#store/contract.ts';

const AT = new Date('2026-11-27T06:00:00Z');

const scene = () => {
  const disk = { isFull: false, attachments: new Set(['one', 'two']), noted: new Map<string, object>(), said: 0 };
  const departures = createDepartures({
    store: {
      attachment: (id) => {
        if (!disk.attachments.has(id)) return undefined;
        return { attachmentId: id, bay: 'Bay 1', driveName: 'drive', attachedAt: AT } satisfies Attachment;
      },
      changeAttachment: (id, change) => {
        if (disk.isFull) throw new Error('the disk is full');
        disk.noted.set(id, change);
      },
    },
    journal: {
      error: () => {
        disk.said += 1;
      },
    },
  });
  return { disk, departures };
};

test('note: stores when a drive left', () => {
  const { disk, departures } = scene();

  departures.note('one', { detachedAt: AT, outcome: 'interrupted' });

  assert.deepEqual(disk.noted, new Map([['one', { detachedAt: AT, outcome: 'interrupted' }]]));
  assert.equal(disk.said, 0);
});

test('note: says nothing of a drive that was never stored', () => {
  const { disk, departures } = scene();

  departures.note('three', { detachedAt: AT });

  assert.equal(disk.noted.size, 0);
});

test('tick: stores once there is room what could not be stored, and was said once', () => {
  const { disk, departures } = scene();
  disk.isFull = true;
  departures.note('one', { detachedAt: AT });
  departures.note('two', { detachedAt: AT });
  departures.tick();
  departures.tick();
  assert.deepEqual([disk.noted.size, disk.said], [0, 2]);
  disk.isFull = false;

  departures.tick();

  assert.deepEqual([...disk.noted.keys()], ['one', 'two']);
});
