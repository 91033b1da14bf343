import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AttachedDrive } from '#drive/contract.ts';
import { planBays } from '#station/plan-bays.ts';

const BAYS = [
  { name: 'Bay 1', port: { backingFile: '/one.img' } },
  { name: 'Bay 2', port: { backingFile: '/two.img' } },
];

const drive = (backingFile: string, diskSequence: number, ready = true): AttachedDrive => ({
  device: `/dev/loop${String(diskSequence)}`,
  kernelName: `loop${String(diskSequence)}`,
  diskSequence,
  port: { backingFile },
  sizeBytes: 1000,
  inUse: false,
  ready,
});

const EMPTY = [{ bay: 'Bay 1' }, { bay: 'Bay 2' }];

test('planBays: attaches a ready drive to its bay, and leaves what is no bay alone', () => {
  const snapshot = { bootId: 'boot', drives: [drive('/two.img', 7), drive('/other.img', 8)] };

  const steps = planBays(EMPTY, snapshot, BAYS);

  assert.deepEqual(steps, [{ kind: 'attach', bay: 'Bay 2', drive: snapshot.drives[0], attachmentId: 'boot:7' }]);
});

test('planBays: does nothing when the bays are as believed', () => {
  const beliefs = [{ bay: 'Bay 1', attachmentId: 'boot:7' }, { bay: 'Bay 2' }];

  assert.deepEqual(planBays(beliefs, { bootId: 'boot', drives: [drive('/one.img', 7)] }, BAYS), []);
});

test('planBays: detaches before it attaches when a drive was changed under the same name', () => {
  const beliefs = [{ bay: 'Bay 1', attachmentId: 'boot:7' }, { bay: 'Bay 2' }];

  const steps = planBays(beliefs, { bootId: 'boot', drives: [drive('/one.img', 9)] }, BAYS);

  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ['detach', 'attach'],
  );
});

test('planBays: waits with a drive that is not ready', () => {
  const steps = planBays(EMPTY, { bootId: 'boot', drives: [drive('/one.img', 7, false)] }, BAYS);

  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ['settle'],
  );
});

test('planBays: detaches a drive that moved to another bay before it attaches it there', () => {
  const beliefs = [{ bay: 'Bay 1' }, { bay: 'Bay 2', attachmentId: 'boot:7' }];

  const steps = planBays(beliefs, { bootId: 'boot', drives: [drive('/one.img', 8)] }, BAYS);

  assert.deepEqual(
    steps.map(({ kind, bay }) => `${kind} ${bay}`),
    ['detach Bay 2', 'attach Bay 1'],
  );
});
