import assert from 'node:assert/strict';
import { test } from 'node:test';

import { doubtsOfWalk, type WalkFacts } from '#station/walk-trust.ts';

const FOUND = { files: 3, bytes: 30, fingerprint: 'a'.repeat(32) };
const DRIVE = { diskSequence: 7, sectors: 65_536, ioErrors: 3 };
const SURE: WalkFacts = {
  found: FOUND,
  evidence: { listedAgain: { files: 3, fingerprint: FOUND.fingerprint }, inputErrors: 0 },
  before: DRIVE,
  after: DRIVE,
};
// As measured on a FAT with a bad sector in a folder.
const FAT = { usedBytes: 30_246_400, foundBytes: 30_246_400, rootBytes: 16_384, isWhole: true };

const withEvidence = (change: Partial<WalkFacts['evidence']>): WalkFacts => ({
  ...SURE,
  evidence: { ...SURE.evidence, ...change },
});

const grown = (change: Partial<WalkFacts['evidence']>): WalkFacts => ({
  ...withEvidence(change),
  after: { ...DRIVE, ioErrors: 0x4a1 },
});

for (const { what, facts } of [
  { what: 'everything agrees', facts: SURE },
  { what: 'a FAT whose space is all found', facts: withEvidence({ fat: FAT }) },
  {
    what: 'a FAT32, whose root is in use too',
    facts: withEvidence({ fat: { ...FAT, usedBytes: FAT.foundBytes + FAT.rootBytes } }),
  },
  {
    what: 'a FAT with a folder that has its failed row',
    facts: withEvidence({ fat: { ...FAT, foundBytes: 1, isWhole: false } }),
  },
  {
    what: 'an ext whose inodes all have names, but for those of the file system itself',
    facts: withEvidence({ ext: { usedInodes: 111, foundInodes: 100, isWhole: true } }),
  },
  {
    what: 'an ext with a folder that has its failed row',
    facts: withEvidence({ ext: { usedInodes: 111, foundInodes: 1, isWhole: false } }),
  },
  { what: 'errors that calls of this load have met, which have their rows', facts: grown({ inputErrors: 1 }) },
  { what: 'a drive whose errors nobody counts', facts: { ...SURE, after: { diskSequence: 7, sectors: 65_536 } } },
]) {
  test(`doubtsOfWalk: has none, for ${what}`, () => {
    assert.deepEqual(doubtsOfWalk(facts), []);
  });
}

for (const { what, facts, doubt } of [
  {
    what: 'a second listing that is shorter',
    facts: withEvidence({ listedAgain: { files: 2, fingerprint: 'b'.repeat(32) } }),
    doubt: /^a second listing gave 2 names, the first one 3$/u,
  },
  {
    what: 'as many names, but others',
    facts: withEvidence({ listedAgain: { files: 3, fingerprint: 'b'.repeat(32) } }),
    doubt: /gave other names, though as many \(3\)$/u,
  },
  {
    what: 'an ext with inodes that no folder has a name for',
    facts: withEvidence({ ext: { usedInodes: 112, foundInodes: 100, isWhole: true } }),
    doubt: /^about 3 files or folders more are in use/u,
  },
  { what: 'errors that no call has met', facts: grown({}), doubt: /counted 1182 errors of the drive/u },
  {
    what: 'errors on a FAT, which hides them',
    facts: grown({ inputErrors: 5, fat: { ...FAT, isWhole: false } }),
    doubt: /counted 1182 errors/u,
  },
  {
    what: 'space of a FAT that no name takes',
    facts: withEvidence({ fat: { ...FAT, foundBytes: 30_238_208 } }),
    doubt: /^30246400 bytes of the file system are in use, what was found takes 30238208$/u,
  },
  {
    what: 'a drive that changed its size',
    facts: { ...SURE, after: { ...DRIVE, sectors: 1 } },
    doubt: /changed its size from 65536 to 1 sectors/u,
  },
]) {
  test(`doubtsOfWalk: names ${what}`, () => {
    const doubts = doubtsOfWalk(facts);

    assert.equal(doubts.length, 1);
    assert.match(doubts[0] ?? '', doubt);
  });
}
