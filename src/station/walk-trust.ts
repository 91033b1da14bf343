// Did the walk meet everything? A drive can lose whole folders without a word: what speaks against a walk is gathered here.
// Pure.

import type { DriveState } from '#drive/drive-state.ts';
import type { Count } from '#import-log/contract.ts';
import type { WalkEvidence } from '#protocol/loader.ts';

/** What is judged: the walk's own count, what was seen after it, and the drive before the walk and after the last read. */
export interface WalkFacts {
  readonly found: Count;
  readonly evidence: WalkEvidence;
  readonly before: DriveState;
  readonly after: DriveState;
}

/** Everything that speaks against a walk, in words that stand behind a colon; none for a walk that can be trusted. */
export const doubtsOfWalk = ({ found, evidence, before, after }: WalkFacts): readonly string[] => {
  const { listedAgain, inputErrors, fat, ext } = evidence;
  const doubts: string[] = [];
  if (listedAgain.files !== found.files) {
    doubts.push(`a second listing gave ${String(listedAgain.files)} names, the first one ${String(found.files)}`);
  } else if (listedAgain.fingerprint !== found.fingerprint) {
    doubts.push(`a second listing gave other names, though as many (${String(found.files)})`);
  }
  const grown = (after.ioErrors ?? 0) - (before.ioErrors ?? 0);
  // Where a call failed, rows tell of it; a FAT says nothing of folders that it lost.
  if (grown > 0 && (inputErrors === 0 || fat !== undefined)) {
    doubts.push(`the kernel counted ${String(grown)} errors of the drive while it was read`);
  }
  if (fat?.isWhole === true && !isAllFound(fat)) {
    doubts.push(
      `${String(fat.usedBytes)} bytes of the file system are in use, what was found takes ${String(fat.foundBytes)}`,
    );
  }
  if (ext?.isWhole === true && ext.usedInodes - ext.foundInodes > MOST_NAMELESS_INODES) {
    const nameless = ext.usedInodes - ext.foundInodes - NAMELESS_INODES;
    doubts.push(
      `about ${String(nameless)} files or folders more are in use on the file system than have a name in its folders`,
    );
  }
  if (before.sectors !== after.sectors) {
    doubts.push(`the drive changed its size from ${String(before.sectors)} to ${String(after.sectors)} sectors`);
  }
  return doubts;
};

/** Linux, Documentation/filesystems/ext4, "Special inodes": 1 to 10 but for the root, which is 2. */
const NAMELESS_INODES = 9;
/** Two features, `orphan_file` and `project`, take one more each. */
const MOST_NAMELESS_INODES = NAMELESS_INODES + 2;

// Only a FAT32 counts its root among what is in use; a FAT12 or FAT16 has a place of its own for it.
const isAllFound = ({ usedBytes, foundBytes, rootBytes }: NonNullable<WalkEvidence['fat']>): boolean =>
  usedBytes === foundBytes || usedBytes === foundBytes + rootBytes;
