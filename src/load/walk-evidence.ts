// What tells whether the walk of a load met everything: all directories listed once more, names only, after the last read,
// and what is in use against what was found: on FAT the space (a FAT directory that cannot be read is listed without an error,
// as if it ended there), on ext the inodes (so is an ext directory whose size is damaged).
//
// INVARIANT: memory does not grow with the number of names; a listing is a count and a sum of hashes.

import { lstat, statfs } from 'node:fs/promises';

import { STAT_BLOCK_BYTES } from '#drive/look.ts';
import type { WaitingThread } from '#drive/waiting-thread.ts';
import { NOT_MET_WHOLE, type SeenNames, type WalkEntry } from '#drive/walk-volume.ts';
import { systemCode } from '#drive/system-code.ts';
import { createPathSum } from '#import-log/path-hash.ts';
import type { WalkEvidence } from '#protocol/loader.ts';
import { listAgain, type ListAgainConfig, type ListAgainData, type SecondListing } from './list-again.ts';
import type { StopSwitch } from './stop-switch.ts';

/** Watches a walk while it goes on. */
export interface WalkWatch {
  /** To be called with every entry. */
  readonly met: (entry: Pick<WalkEntry, 'kind' | 'errno'>) => void;
  /** To be called with what names take. */
  readonly onSeen: (seen: SeenNames) => void;
  /**
   * Lists all directories once more, in that thread, and gives the evidence; undefined where the load is stopped meanwhile. `readErrors`: what
   * reading the files met. Errors: the signal's reason.
   */
  listAgain(
    { thread, readErrors }: { readonly thread: WaitingThread<ListAgainData>; readonly readErrors: () => number },
    stopSwitch: StopSwitch,
    signal: AbortSignal,
  ): Promise<WalkEvidence | undefined>;
}

/** `f_type` of every FAT (statfs(2), MSDOS_SUPER_MAGIC). */
const FAT_TYPE = 0x4d44;
/** The same of ext2, ext3 and ext4 (EXT4_SUPER_MAGIC). */
const EXT_TYPE = 0xef53;

/** Starts to watch. */
export const watchWalk = (config: ListAgainConfig): WalkWatch => {
  let inputErrors = 0;
  let foundBytes = 0;
  // The root is one.
  let foundInodes = 1;
  let isWhole = true;
  const met: WalkWatch['met'] = ({ kind, errno }) => {
    if (errno === 'EIO') inputErrors += 1;
    if (NOT_MET_WHOLE.has(kind)) isWhole = false;
  };
  return {
    met,
    onSeen: ({ allocatedBytes, inodeShare }) => {
      foundBytes += allocatedBytes;
      foundInodes += inodeShare;
    },
    listAgain: async ({ thread, readErrors }, stopSwitch, signal) => {
      const inUse = await inUseOf(config.root).catch((error: unknown) => {
        if (systemCode(error) === 'EIO') inputErrors += 1;
        return undefined;
      });
      const again = inUse === undefined ? NOTHING_LISTED : await listAgain(config, thread, stopSwitch, signal);
      if (again === undefined) return undefined;
      const { files, fingerprint } = again;
      inputErrors += again.inputErrors;
      isWhole &&= again.isWhole;
      return {
        listedAgain: { files, fingerprint },
        inputErrors: inputErrors + readErrors(),
        ...(inUse?.fat === undefined ? {} : { fat: { ...inUse.fat, foundBytes, isWhole } }),
        ...(inUse?.ext === undefined ? {} : { ext: { ...inUse.ext, foundInodes: Math.round(foundInodes), isWhole } }),
      };
    },
  };
};

// Where the file system does not even say how much of it is in use.
const NOTHING_LISTED: SecondListing = { files: 0, fingerprint: createPathSum().text(), inputErrors: 0, isWhole: false };

interface InUse {
  readonly fat?: Pick<NonNullable<WalkEvidence['fat']>, 'usedBytes' | 'rootBytes'>;
  readonly ext?: Pick<NonNullable<WalkEvidence['ext']>, 'usedInodes'>;
}

const inUseOf = async (root: string): Promise<InUse> => {
  const { type, bsize, blocks, bfree, files, ffree } = await statfs(root);
  if (type === EXT_TYPE) return { ext: { usedInodes: files - ffree } };
  if (type !== FAT_TYPE) return {};
  const { blocks: ofRoot } = await lstat(root);
  return { fat: { usedBytes: (blocks - bfree) * bsize, rootBytes: ofRoot * STAT_BLOCK_BYTES } };
};
