import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judgeVolumes, type InspectedVolume, type Inspection } from '#station/judge-volumes.ts';

const SIGNATURE: Inspection['signature'] = { kind: 'file', content: Buffer.from('signed').toString('base64') };

const volume = (
  partitionNumber: number,
  inspection: Partial<Inspection> = {},
  isOptional = false,
): InspectedVolume => ({
  volume: { device: `/dev/sdx${String(partitionNumber)}`, partitionNumber, sizeBytes: 1000, label: 'data' },
  isOptional,
  inspection: {
    kind: 'inspected',
    signature: { kind: 'missing' },
    nearMisses: [],
    otherEntries: 1,
    usedBytes: 10,
    usedFiles: 0,
    ...inspection,
  },
});

const holds = [
  { what: 'no volume at all', volumes: [], code: 'MissingSignature' },
  { what: 'no SIGNATURE', volumes: [volume(0)], code: 'MissingSignature' },
  {
    what: 'two volumes with SIGNATURE',
    volumes: [volume(1, { signature: SIGNATURE }), volume(2, { signature: SIGNATURE })],
    code: 'SeveralSignatures',
  },
  {
    what: 'a SIGNATURE beside one that cannot be used',
    volumes: [
      volume(1, { signature: SIGNATURE }),
      volume(2, { signature: { kind: 'unusable', reason: 'link', sizeBytes: 1 } }),
    ],
    code: 'SeveralSignatures',
  },
  {
    what: 'a link named SIGNATURE',
    volumes: [volume(0, { signature: { kind: 'unusable', reason: 'link', sizeBytes: 1 } })],
    code: 'SignatureNotAFile',
  },
  {
    what: 'a SIGNATURE of 10 GB',
    volumes: [volume(0, { signature: { kind: 'unusable', reason: 'too-large', sizeBytes: 10_737_418_240 } })],
    code: 'SignatureTooLarge',
  },
] as const;

for (const { what, volumes, code } of holds) {
  test(`judgeVolumes: holds as ${code} when there is ${what}`, () => {
    const choice = judgeVolumes(volumes);

    assert.equal(choice.kind === 'hold' ? choice.hold.code : choice.kind, code);
  });
}

test('judgeVolumes: names the near misses when SIGNATURE is missing', () => {
  const choice = judgeVolumes([volume(1, { nearMisses: ['SIGNATURE.txt'] }), volume(2, { nearMisses: ['signature'] })]);

  assert.equal(choice.kind === 'hold' ? choice.hold.details['found'] : '', 'SIGNATURE.txt, signature');
});

test('judgeVolumes: takes the one volume with SIGNATURE and ignores empty and optional ones', () => {
  const choice = judgeVolumes([
    volume(1, {}, true),
    volume(2, { otherEntries: 0 }),
    volume(3, { signature: SIGNATURE }),
  ]);

  assert.deepEqual(choice, { kind: 'volume', index: 2, signature: Buffer.from('signed'), doubts: [] });
});

test('judgeVolumes: takes an EFI system partition that holds SIGNATURE', () => {
  const choice = judgeVolumes([volume(1, { signature: SIGNATURE }, true), volume(2, { otherEntries: 0 })]);

  assert.equal(choice.kind === 'volume' ? choice.index : -1, 0);
});

for (const { what, volumes, codes } of [
  {
    what: 'another volume with data',
    volumes: [volume(1, { signature: SIGNATURE }), volume(2)],
    codes: ['OtherVolumeWithData'],
  },
  {
    what: 'SIGNATURE alone',
    volumes: [volume(0, { signature: SIGNATURE, otherEntries: 0 })],
    codes: ['NothingToLoad'],
  },
  {
    what: 'SIGNATURE alone and the data on another volume',
    volumes: [volume(1, { signature: SIGNATURE, otherEntries: 0 }), volume(2)],
    codes: ['OtherVolumeWithData', 'NothingToLoad'],
  },
]) {
  test(`judgeVolumes: doubts the volume with SIGNATURE, when there is ${what}`, () => {
    const choice = judgeVolumes(volumes);

    assert.deepEqual(choice.kind === 'volume' ? choice.doubts.map(({ code }) => code) : choice.kind, codes);
  });
}
