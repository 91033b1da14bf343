// What the desk has to know of loads before it changes what a job loads by.

import { rmSync } from 'node:fs';

import type { LoadGuard } from '#desk/update-job.ts';
import type { JobId } from '#job/job-id.ts';
import type { Store } from '#store/contract.ts';
import type { DriveRun } from './drive-run.ts';
import { loadFolder } from './load-folder.ts';

/** What the guard looks at. */
export interface LoadGuardDeps {
  readonly store: Pick<Store, 'load'>;
  readonly stateDir: string;
  /** Drives in bays. */
  readonly runs: () => readonly Pick<DriveRun, 'bay' | 'state'>[];
}

/** Makes the guard. */
export const createLoadGuard = ({ store, stateDir, runs }: LoadGuardDeps): LoadGuard => ({
  whyBusy: (jobId) => {
    if (store.load(jobId)?.ending !== undefined) return 'it is being ended';
    const run = runs().find((one) => hasOrder(one, jobId));
    return run === undefined ? undefined : `its drive in ${run.bay} is being loaded right now`;
  },
  // At once: nothing may come between this and the stored update.
  forget: (jobId) => {
    rmSync(loadFolder(stateDir, jobId).folder, { recursive: true, force: true });
  },
});

const hasOrder = (run: Pick<DriveRun, 'state'>, jobId: JobId): boolean => {
  const state = run.state();
  const isAtWork = state.kind === 'loading' || state.kind === 'releasing' || state.kind === 'publishing';
  return isAtWork && state.jobId === jobId;
};
