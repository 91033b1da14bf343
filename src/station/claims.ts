// Which bays show a valid SIGNATURE of which open job. Two bays with one job are both held (situations: two drives with
// one SIGNATURE); a person takes one out, or confirms the other.

import type { JobId } from '#job/job-id.ts';

/** A bay that shows a job's SIGNATURE. */
export interface Claimant {
  readonly bay: string;
  /** Stops what the bay does, after the files in flight, and holds it as a duplicate. */
  readonly stopAsDuplicate: () => void;
  /** A person said that this drive is the one. */
  readonly isConfirmed?: boolean;
}

/** The claims of all bays. */
export interface Claims {
  /**
   * Notes a claim; true where it is the only one, or the one that a person confirmed. Where it is not, every other
   * claimant is stopped but the confirmed one.
   */
  claim(jobId: JobId, claimant: Claimant): boolean;
  /** The drive left the bay, or the job is finished. */
  release(bay: string): void;
  /** Bays that claim the job. */
  baysOf(jobId: JobId): readonly string[];
}

/** Makes an empty set of claims. */
export const createClaims = (): Claims => {
  const byBay = new Map<string, { readonly jobId: JobId; readonly claimant: Claimant }>();
  const others = (jobId: JobId, bay: string): readonly Claimant[] =>
    [...byBay.values()].flatMap((entry) =>
      entry.jobId === jobId && entry.claimant.bay !== bay ? [entry.claimant] : [],
    );
  return {
    claim: (jobId, claimant) => {
      byBay.set(claimant.bay, { jobId, claimant });
      const rivals = others(jobId, claimant.bay);
      const isConfirmed = claimant.isConfirmed ?? false;
      // The last word of a person counts: where this one is confirmed, no other is any more.
      for (const rival of rivals) if (isConfirmed || rival.isConfirmed !== true) rival.stopAsDuplicate();
      return isConfirmed || rivals.length === 0;
    },
    release: (bay) => {
      byBay.delete(bay);
    },
    baysOf: (jobId) => [...byBay.values()].filter((entry) => entry.jobId === jobId).map(({ claimant }) => claimant.bay),
  };
};
