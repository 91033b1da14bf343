// What the reconcile has to do: a pure comparison of the snapshot with what the station believes about its bays.

import { bayOf } from '#drive/bay.ts';
import type { AttachedDrive, Bay, DriveSnapshot } from '#drive/contract.ts';
import { attachmentId } from '#drive/identity.ts';

/** What the station believes of one bay. */
export interface BayBelief {
  readonly bay: string;
  /** Attachment in the bay, absent for an empty one. */
  readonly attachmentId?: string;
}

/** One thing to do, in this order: what left goes first. */
export type BayStep =
  | { readonly kind: 'detach'; readonly bay: string; readonly attachmentId: string }
  | { readonly kind: 'settle'; readonly bay: string; readonly drive: AttachedDrive }
  | { readonly kind: 'attach'; readonly bay: string; readonly drive: AttachedDrive; readonly attachmentId: string };

/** Steps that bring the bays from what is believed to what the snapshot shows. */
export const planBays = (
  beliefs: readonly BayBelief[],
  snapshot: DriveSnapshot,
  bays: readonly Bay[],
): readonly BayStep[] => {
  const present = new Map<string, { readonly drive: AttachedDrive; readonly id: string }>();
  for (const drive of snapshot.drives) {
    const bay = bayOf(drive, bays);
    if (bay !== undefined && !present.has(bay.name)) {
      present.set(bay.name, { drive, id: attachmentId({ bootId: snapshot.bootId, diskSequence: drive.diskSequence }) });
    }
  }
  const leaving = beliefs.flatMap(({ bay, attachmentId: id }): BayStep[] =>
    id !== undefined && present.get(bay)?.id !== id ? [{ kind: 'detach', bay, attachmentId: id }] : [],
  );
  const arriving = beliefs.flatMap(({ bay, attachmentId: id }): BayStep[] => {
    const now = present.get(bay);
    if (now === undefined || now.id === id) return [];
    return now.drive.ready
      ? [{ kind: 'attach', bay, drive: now.drive, attachmentId: now.id }]
      : [{ kind: 'settle', bay, drive: now.drive }];
  });
  return [...leaving, ...arriving];
};
