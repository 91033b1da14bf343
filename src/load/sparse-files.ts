// Files that claim far more bytes than the drive holds of them: sending a terabyte of zeros takes long and costs the
// customer its room, so a person is asked, once all other files are loaded.

import { formatCount, formatSize } from '#language/quantity.ts';
import { printablePath } from '#language/printable.ts';
import type { WalkEntry } from '#drive/walk-volume.ts';
import type { Order } from './dialogue.ts';
import type { StopReason } from './stop-switch.ts';

/** Judges files as the walk meets them, and notes those that wait. */
export interface SparseFiles {
  judge(file: Pick<WalkEntry, 'path' | 'sizeBytes' | 'allocatedBytes'>): Order['sparse'];
  /** Why the load is not at its end; undefined where no file waits. */
  reason(): StopReason | undefined;
}

/** Settings. */
export interface SparseConfig {
  /** What a file may claim beyond what the drive holds of it. */
  readonly holdBytes: number;
  /** Size of the file system: no file takes more of it, whatever its inode says. */
  readonly volumeBytes: number;
  readonly choice: Order['sparse'];
}

// Whoever decides looks at a few; a hostile drive may have any number.
const SHOWN_FILES = 3;

/** Makes it for one load. */
export const createSparseFiles = ({ holdBytes, volumeBytes, choice }: SparseConfig): SparseFiles => {
  const shown: string[] = [];
  let waiting = 0;
  return {
    judge: ({ path, sizeBytes, allocatedBytes }) => {
      const takenBytes = Math.min(allocatedBytes, volumeBytes);
      if (sizeBytes - takenBytes <= holdBytes) return 'send';
      if (choice !== 'wait') return choice;
      waiting += 1;
      if (shown.length < SHOWN_FILES) {
        shown.push(`${printablePath(path)} says ${formatSize(sizeBytes)} and takes ${formatSize(takenBytes)}`);
      }
      return 'wait';
    },
    reason: () => {
      if (waiting === 0) return undefined;
      const more = waiting > shown.length ? [`and ${formatCount(waiting - shown.length)} more`] : [];
      const message = [...shown, ...more].join('; ');
      return { code: 'SparseFile', message, details: { message } };
    },
  };
};
