// What the launcher reads: a request, blkid's answer, the plan that it hands to itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseBlkid } from '#launch/blkid.ts';
import { parseLaunchPlan } from '#launch/launch-plan.ts';
import { parseRequest } from '#launch/request.ts';

test('parseBlkid: reads a file system in a partition, with an escaped label', () => {
  const stdout = [
    'ID_FS_LABEL=a_b__x_',
    'ID_FS_LABEL_ENC=a\\x20b\\x22\\x24x\\x5c\u00fc\\xe9\\x1b',
    'ID_FS_UUID=f0ab57d5-2429-4d57-a30c-f4bc309e96d8',
    'ID_FS_UUID_ENC=f0ab57d5-2429-4d57-a30c-f4bc309e96d8',
    'ID_FS_VERSION=1.0',
    'ID_FS_TYPE=ext4',
    'ID_FS_USAGE=filesystem',
    'ID_PART_ENTRY_SCHEME=gpt',
    'ID_PART_ENTRY_TYPE=0FC63DAF-8483-4772-8e79-3d69d8477de4',
    'ID_PART_ENTRY_NUMBER=2',
    '',
  ].join('\n');

  assert.deepEqual(parseBlkid(stdout), {
    label: 'a b"$x\\\\\u00fc\\xe9\\u{1b}',
    uuid: 'f0ab57d5-2429-4d57-a30c-f4bc309e96d8',
    type: 'ext4',
    usage: 'filesystem',
    partitionType: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  });
});

test('parseBlkid: reads a partition table', () => {
  assert.deepEqual(parseBlkid('ID_PART_TABLE_UUID=8334d436\nID_PART_TABLE_TYPE=gpt\n'), {
    tableUuid: '8334d436',
    tableType: 'gpt',
  });
});

test('parseRequest: takes what the protocol allows', () => {
  const request = { kind: 'load', kernelName: 'cciss!c0d0', diskSequence: 7, partitionNumber: 1, type: 'ext4' };

  assert.deepEqual(parseRequest(JSON.stringify(request)), { kind: 'ok', request });
});

for (const line of ['', 'null', '{"kind":"probe","kernelName":"sd/a","diskSequence":1}', '{"kind":"mount"}']) {
  test(`parseRequest: refuses ${JSON.stringify(line)}, and repeats nothing of it`, () => {
    const result = parseRequest(line);

    assert.ok(result.kind === 'problem');
    assert.doesNotMatch(result.message, /sd\/a|mount/u);
  });
}

const PLAN = {
  kernelName: 'sdb',
  diskSequence: 7,
  partitionNumber: 1,
  device: '/dev/sdb1',
  type: 'ext4',
  loaderUid: 981,
  loaderGid: 981,
  productFolder: '/opt/import-station',
};

test('parseLaunchPlan: takes its own plan', () => {
  assert.deepEqual(parseLaunchPlan(JSON.stringify(PLAN)), PLAN);
});

test('parseLaunchPlan: takes no loader that would run as root, and nothing that is no plan', () => {
  assert.equal(parseLaunchPlan(JSON.stringify({ ...PLAN, loaderUid: 0 })), undefined);
  assert.equal(parseLaunchPlan(JSON.stringify({ ...PLAN, more: 1 })), undefined);
  assert.equal(parseLaunchPlan('--help'), undefined);
});
