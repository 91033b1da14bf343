// A walk, entry after entry.

import { walk, type WalkConfig } from '#drive/walk.ts';
import type { WalkEntry } from '#drive/walk-volume.ts';

/** Gives each entry of a walk alone. */
export async function* walkEach(config: WalkConfig, signal: AbortSignal): AsyncGenerator<WalkEntry, void, undefined> {
  for await (const entries of walk(config, signal)) yield* entries;
}
