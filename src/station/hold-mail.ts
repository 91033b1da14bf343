// The mail about a hold of a bay, once for each hold.

import { statSync } from 'node:fs';

import { driveName } from '#drive/identity.ts';
import type { Job } from '#store/contract.ts';
import { holdNotice } from './hold.ts';
import { loadFolder } from './load-folder.ts';
import type { DriveInBay, RunDeps } from './run-deps.ts';
import type { RunState } from './run-state.ts';

/** Queues the mail. A hold of the log is the publisher's, which holds the job with or without a drive. */
export const queueHoldMail = (
  { config, store, mails, now }: RunDeps,
  { bay, drive, attachmentId }: DriveInBay,
  { hold, jobId }: Extract<RunState, { readonly kind: 'hold' }>,
): void => {
  const job = jobId === undefined ? undefined : store.job(jobId);
  if (hold.code === 'LogNotWritten' || job?.hold?.code === hold.code) return;
  const attachment = store.attachment(attachmentId);
  // The same drive with the same code on the day that it was plugged in, no file further: a retry that did not help, a
  // restart, a cable that comes loose. A load that went on for a while and stops again is news.
  const sameness = [
    attachment?.driveFingerprint ?? bay,
    (attachment?.attachedAt ?? now()).toISOString().slice(0, 'YYYY-MM-DD'.length),
    job === undefined ? '' : String(workingLogBytes(config.station.stateDir, job)),
  ];
  const notice = holdNotice(hold, { bay, ...(jobId === undefined ? {} : { jobId }) });
  const facts = { notice, bay, drive: driveName(drive), sameness, at: now() };
  store.queueMails(mails.held(job === undefined ? facts : { ...facts, job }));
};

const workingLogBytes = (stateDir: string, { jobId }: Job): number =>
  statSync(loadFolder(stateDir, jobId).workingLog, { throwIfNoEntry: false })?.size ?? 0;
