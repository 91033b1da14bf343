// Drives that left: noted in the store, or kept until it can be. A bay is free when its drive has left, whatever the store
// says; what cannot be kept over an end of the daemon is noted by its next start, without the outcome.

import type { Attachment, Store } from '#store/contract.ts';
import type { JobChangeDeps } from './change-job.ts';

/** What is noted of a drive that left. */
type Departure = Pick<Attachment, 'detachedAt' | 'outcome'>;

/** Notes departures. */
export interface Departures {
  note(attachmentId: string, departure: Departure): void;
  /** Tries again what could not be noted. */
  tick(): void;
}

/** Makes an empty list. */
export const createDepartures = (deps: {
  readonly store: Pick<Store, 'attachment' | 'changeAttachment'>;
  readonly journal: Pick<JobChangeDeps['journal'], 'error'>;
}): Departures => {
  const { store, journal } = deps;
  const open = new Map<string, Departure>();
  const tryNote = (attachmentId: string, departure: Departure): boolean => {
    try {
      // Its disk may have been full all the time that the drive was here.
      if (store.attachment(attachmentId) !== undefined) store.changeAttachment(attachmentId, departure);
      return true;
    } catch (error: unknown) {
      if (!open.has(attachmentId)) journal.error({ attachmentId, err: error }, 'departure not noted');
      return false;
    }
  };
  return {
    note: (attachmentId, departure) => {
      if (!tryNote(attachmentId, departure)) open.set(attachmentId, departure);
    },
    tick: () => {
      for (const [attachmentId, departure] of open) {
        if (tryNote(attachmentId, departure)) open.delete(attachmentId);
      }
    },
  };
};
