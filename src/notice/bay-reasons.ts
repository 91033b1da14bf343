// Words for what a technician's commands on bays are refused for.

import type { Family } from './words.ts';

/** Refusals of `hold`, `retry`, `confirm`, `release`, `reject`, `receive`, `return`, `job pin`, `job report` and `job cancel`. */
export const BAY_REASONS = {
  NothingToRetry: {
    happened: 'Nothing waits for a retry under that name: {target}.',
    actor: 'technician',
    todo: 'Look with `import-station status` which bay or job is held.',
    retryHelps: false,
  },
  NoSuchBay: {
    happened: 'There is neither a bay nor a job under that name: {target}.',
    actor: 'technician',
    todo: 'Look with `import-station status` how the bays are named.',
    retryHelps: false,
  },
  BayEmpty: {
    happened: 'There is no drive in {bay}.',
    actor: 'technician',
    todo: 'Look with `import-station status` in which bay the drive is.',
    retryHelps: false,
  },
  BayChanged: {
    happened: 'The bay just changed: {bay} does not hold with that code, {found}.',
    actor: 'technician',
    todo: 'Look with `import-station status` what {bay} says now, and decide anew.',
    retryHelps: false,
  },
  NotConfirmable: {
    happened: 'Nobody can vouch for this: a hold with that code is not ended by a word ({found}).',
    actor: 'technician',
    todo: 'Take one of the ways out that `import-station status` shows for {bay}.',
    retryHelps: false,
  },
  DeliveryRefused: {
    happened: 'Refuse the delivery for {jobId}: {message}.',
    actor: 'technician',
    todo: 'Compare the job ID with the packing slip; if it is the same, do not accept the parcel.',
    retryHelps: false,
  },
  DriveInBay: {
    happened: 'The drive of job {jobId} is in {bay}.',
    actor: 'technician',
    todo: 'Take it out when the bay says so (`import-station release {bay}`), then give the command again.',
    retryHelps: false,
  },
  ErasureNotTold: {
    happened: 'The customer of job {jobId} wants the drive erased, and this station does not erase.',
    actor: 'technician',
    todo: 'Give the command again with --erased-by-hand where you have erased it, else with --not-erased.',
    retryHelps: false,
  },
  PinNotShown: {
    happened: 'There is no PIN to show for job {jobId}: {message}.',
    actor: 'technician',
    todo: 'Ask the customer for the PIN; a drive that cannot be unlocked is ended by `import-station reject {jobId} --code DeviceError --why TEXT`.',
    retryHelps: false,
  },
  NotReturned: {
    happened: 'The drive of job {jobId} does not go back: {message}.',
    actor: 'technician',
    todo: 'Look with `import-station job show {jobId}` what the job is in.',
    retryHelps: false,
  },
  JobNotNamed: {
    happened: 'The drive in {bay} does not say which job it belongs to.',
    actor: 'technician',
    todo: 'Give the job ID from the packing slip: `import-station reject {bay} --job JOBID --code CODE --why TEXT`.',
    retryHelps: false,
  },
  JobMismatch: {
    happened: 'Another job is meant ({target}): its drive belongs to job {found}, not to job {jobId}.',
    actor: 'technician',
    todo: 'Look with `import-station status` which job is meant, and give the command again.',
    retryHelps: false,
  },
  JobNotEnded: {
    happened: 'Job {jobId} is not ended: {message}.',
    actor: 'operator',
    todo: 'Look with `import-station job show {jobId}` what it is in.',
    retryHelps: false,
  },
  LoadInProgress: {
    happened: 'A load is in progress in {bay} (job {jobId}).',
    actor: 'technician',
    todo: 'Wait until it is done; to stop it all the same, give `import-station release {bay} --now`: what is loaded is kept, and the load goes on when the drive is plugged in again.',
    retryHelps: false,
  },
  NoReport: {
    happened: 'There is no report on job {jobId}: {message}.',
    actor: 'operator',
    todo: 'Look with `import-station job show {jobId}` what it is in.',
    retryHelps: false,
  },
  NothingToHold: {
    happened: 'There is nothing to stop: {message}.',
    actor: 'technician',
    todo: 'Look with `import-station status` what goes on.',
    retryHelps: false,
  },
} as const satisfies Family;
