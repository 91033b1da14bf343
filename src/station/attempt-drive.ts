// One attempt at a drive: probe, look, verify, load, count, read again, release, publish. Each step ends the attempt with a state, or
// leads to the next one.

import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import type { DriveProbe } from '#drive/contract.ts';
import { driveName } from '#drive/identity.ts';
import type { JobId } from '#job/job-id.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import type { Job } from '#store/contract.ts';
import { abortable } from './abortable.ts';
import { bucketAccess } from './bucket-access.ts';
import { changeJob } from './change-job.ts';
import { goOnWaiting, isRereadDue } from './close-load.ts';
import { isConfirmable, isConfirmed } from './confirmations.ts';
import type { MadeLog } from './early-log.ts';
import { freeDrive } from './free-drive.ts';
import { hold, type Hold } from './hold.ts';
import { readHostTime } from './host-time.ts';
import { inspectDrive, probeDrive } from './inspect-drive.ts';
import { loadDrive } from './load-drive.ts';
import { dropEarlyLog, loadFolder } from './load-folder.ts';
import type { LoaderSession } from './loader-session.ts';
import { checkLogRoom, type RoomQuestion } from './log-room.ts';
import { createProgressMeter, type Progress } from './progress.ts';
import { rereadDrive } from './reread-drive.ts';
import type { DriveInBay, RunDeps } from './run-deps.ts';
import type { RunState } from './run-state.ts';
import { parseSummary } from './summary.ts';
import type { LoadStops } from './supervise-load.ts';
import { verifyDrive } from './verify.ts';

/** How the attempt tells what it does, and how it is stopped. */
export interface AttemptPorts {
  readonly change: (state: RunState) => void;
  /** Called when another bay shows the same SIGNATURE. */
  readonly stopAsDuplicate: () => void;
  readonly stops: LoadStops;
}

/** Runs the attempt. Throws when the signal aborts, and on a broken environment. */
export const attemptDrive = async (
  deps: RunDeps,
  options: DriveInBay,
  ports: AttemptPorts,
  signal: AbortSignal,
): Promise<RunState> => {
  const { store, launch } = deps;
  const { drive, attachmentId } = options;
  const stored = store.attachment(attachmentId);
  if (stored?.releasedAt !== undefined) return { ...jobOf(stored), kind: 'released' };
  if (stored?.outcome === 'done') {
    // Its log may have come into the bucket while something still had the drive.
    const busy = await freeDrive(launch, drive, signal);
    return busy === undefined ? { ...jobOf(stored), kind: 'done' } : { ...jobOf(stored), kind: 'hold', hold: busy };
  }
  // Asked anew: the use that an earlier attempt was held for may have ended.
  const current = await deps.findAttached(attachmentId, signal);
  if (current?.inUse === true) {
    return { kind: 'hold', hold: hold('DriveInUse', { inUseBy: current.inUseBy ?? 'another program' }) };
  }
  const probed = await probeDrive(launch, drive, signal);
  if (probed.kind === 'hold') return probed;
  store.changeAttachment(attachmentId, { driveFingerprint: probed.fingerprint });
  const inspected = await inspectDrive(launch, { drive, probe: probed.probe }, signal);
  if (inspected.kind === 'hold') return inspected;
  let end: RunState | Claimed;
  {
    await using session = inspected.session;
    const former = closeFormer(deps, options, probed.fingerprint);
    const { signature, doubts } = inspected;
    const shown = { signature, doubts, fingerprint: probed.fingerprint, former };
    end = verifyAndClaim(deps, options, shown, ports);
    if (end.kind === 'claimed') end = await load(deps, options, { ...end, session }, ports, signal);
  }
  if (end.kind === 'claimed' && isRereadDue(deps, end.job.jobId)) {
    end = await reread(deps, options, { ...end, probe: probed.probe }, ports, signal);
  }
  return end.kind === 'claimed' ? finish(deps, options, end, ports, signal) : end;
};

/** The drive is the job's; `progress` is the last one of its load. */
interface Claimed {
  readonly kind: 'claimed';
  readonly job: Job;
  readonly fingerprint: string;
  readonly progress?: Progress;
  /** The file of its log, where it was made already. */
  readonly made?: MadeLog | undefined;
}

const jobOf = ({ jobId }: { readonly jobId?: JobId }): { readonly jobId?: JobId } =>
  jobId === undefined ? {} : { jobId };

// After a restart of the host a finished drive that was never taken out has a new attachment, and is finished still. Which
// job that was; a copy of the drive with another SIGNATURE is no such drive.
const closeFormer = (
  { store, now }: RunDeps,
  { bay, attachmentId }: DriveInBay,
  driveFingerprint: string,
): JobId | undefined => {
  const formers = store.openAttachments().filter((one) => one.bay === bay && one.attachmentId !== attachmentId);
  for (const former of formers) store.changeAttachment(former.attachmentId, { detachedAt: now() });
  return formers.find((one) => one.outcome === 'done' && one.driveFingerprint === driveFingerprint)?.jobId;
};

/** What the drive shows of itself; `former`: the job whose finished drive was in this bay before a restart of the host. */
interface ShownDrive {
  readonly signature: Uint8Array;
  readonly doubts: readonly Hold[];
  readonly fingerprint: string;
  readonly former: JobId | undefined;
}

const verifyAndClaim = (
  deps: RunDeps,
  { bay, attachmentId }: DriveInBay,
  { signature, doubts, fingerprint, former }: ShownDrive,
  { change, stopAsDuplicate }: AttemptPorts,
): RunState | Claimed => {
  const { store, claims } = deps;
  const verification = verifyDrive(signature, fingerprint, {
    job: (jobId) => store.job(jobId),
    load: (jobId) => store.load(jobId),
    secret: (email, keyId) =>
      store.account(email)?.keys.find(({ accessKeyId }) => accessKeyId === keyId)?.secretAccessKey,
  });
  if (verification.kind === 'hold') {
    const jobId = verification.job?.jobId;
    // By this very stay of the drive: the publisher of a restarted daemon may have been faster than this attempt.
    const current = store.attachment(attachmentId);
    const isOfThisStay = current?.outcome === 'done' && current.jobId === jobId;
    const isKnownDone = isOfThisStay || jobId === former;
    if (verification.hold.code === 'AlreadyLoaded' && jobId !== undefined && isKnownDone) {
      store.changeAttachment(attachmentId, { outcome: 'done', jobId });
      return { kind: 'done', jobId };
    }
    return { kind: 'hold', hold: verification.hold, ...(jobId === undefined ? {} : { jobId }) };
  }
  const { job } = verification;
  const { jobId } = job;
  store.changeAttachment(attachmentId, { jobId });
  change({ kind: 'loading', jobId });
  const drive = { jobId, attachmentId, fingerprint };
  const isTheOne = isConfirmed(store, 'DuplicateSignature', drive);
  if (!claims.claim(jobId, { bay, stopAsDuplicate, isConfirmed: isTheOne })) {
    return { kind: 'hold', hold: hold('DuplicateSignature', { jobId }), jobId };
  }
  if (deps.config.station.requireReceive && job.state.device === 'NotReceived') {
    return { kind: 'hold', hold: hold('NotReceivedYet', { jobId }), jobId };
  }
  if (job.hold?.code === 'HeldByPerson') return { kind: 'hold', hold: job.hold, jobId };
  const doubt = doubts.find(({ code }) => !isConfirmable(code) || !isConfirmed(store, code, drive));
  if (doubt !== undefined) return { kind: 'hold', hold: doubt, jobId };
  if (job.state.device === 'NotReceived') changeJob(deps, jobId, { kind: 'attached' }, { bay });
  return { kind: 'claimed', job, fingerprint };
};

const load = async (
  deps: RunDeps,
  { drive, attachmentId }: DriveInBay,
  { job, fingerprint, session }: Claimed & { readonly session: LoaderSession },
  { change, stops }: AttemptPorts,
  signal: AbortSignal,
): Promise<RunState | Claimed> => {
  const { jobId } = job;
  const held = await goOnWaiting(deps, { jobId, attachmentId, fingerprint });
  if (held !== undefined) return { kind: 'hold', hold: held, jobId };
  // A load that was finished before a restart has only its second reading, or its log, to be done.
  const isOver = deps.store.load(jobId)?.phase === 'publishing' || isRereadDue(deps, jobId);
  if (isOver) return { kind: 'claimed', job, fingerprint };
  await dropEarlyLog(loadFolder(deps.config.station.stateDir, jobId));
  const noRoom = await checkLogRoom(roomQuestion(deps, jobId, session.inspection.usedFiles));
  if (noRoom !== undefined) return { kind: 'hold', hold: noRoom, jobId };
  const clockHold = await checkClock(deps, job, signal);
  if (clockHold !== undefined) return { kind: 'hold', hold: clockHold, jobId };
  const meter = createProgressMeter({
    nowMs: () => performance.now(),
    hostTime: readHostTime,
    usedBytes: session.inspection.usedBytes,
  });
  let progress: Progress | undefined;
  const show = (next: Progress): void => {
    progress = next;
    change({ kind: 'loading', jobId, progress: next });
  };
  const task = {
    job,
    driveFingerprint: fingerprint,
    attachmentId,
    kernelName: drive.kernelName,
    driveName: driveName(drive),
    keysMayCollide: hasSubstitutions(job),
    session,
    onStart: (finished: Progress['finished']): void => {
      deps.journal.info({ jobId, attachmentId, finishedFiles: finished.files }, 'load started');
    },
    onProgress: (report: Parameters<typeof meter.report>[0]): void => {
      show(meter.report(report));
    },
    isDrivePresent: async (ask: AbortSignal) => (await deps.findAttached(attachmentId, ask)) !== undefined,
    stops,
  };
  const end = await loadDrive(deps, task, signal);
  signal.throwIfAborted();
  if (end.kind === 'interrupted') return { kind: 'interrupted', jobId };
  if (end.kind === 'hold') return { kind: 'hold', hold: inWords(deps, jobId, end.hold), jobId };
  return { kind: 'claimed', job, fingerprint, made: end.made, ...(progress === undefined ? {} : { progress }) };
};

// By a loader of its own: its mount begins without what the host remembers of the first reading.
const reread = async (
  deps: RunDeps,
  { drive, attachmentId }: DriveInBay,
  claimed: Claimed & { readonly probe: DriveProbe },
  { change, stops }: AttemptPorts,
  signal: AbortSignal,
): Promise<RunState | Claimed> => {
  const { job, fingerprint, probe } = claimed;
  const { jobId } = job;
  const show = (progress?: Progress): void => {
    change({ kind: 'loading', jobId, isReread: true, ...(progress === undefined ? {} : { progress }) });
  };
  show();
  const busy = await freeDrive(deps.launch, drive, signal);
  if (busy !== undefined) return { kind: 'hold', hold: busy, jobId };
  const inspected = await inspectDrive(deps.launch, { drive, probe }, signal);
  if (inspected.kind === 'hold') return { ...inspected, jobId };
  await using session = inspected.session;
  const usedBytes = parseSummary(deps.store.load(jobId)?.summary)?.loaded.bytes ?? 0;
  const meter = createProgressMeter({ nowMs: () => performance.now(), hostTime: readHostTime, usedBytes });
  const task = {
    drive: { jobId, attachmentId, fingerprint },
    session,
    onProgress: (report: Parameters<typeof meter.report>[0]): void => {
      show(meter.report(report));
    },
    isDrivePresent: async (ask: AbortSignal) => (await deps.findAttached(attachmentId, ask)) !== undefined,
    stops,
  };
  const end = await rereadDrive(deps, task, signal);
  signal.throwIfAborted();
  if (end.kind === 'interrupted') return { kind: 'interrupted', jobId };
  return end.kind === 'hold' ? { kind: 'hold', hold: inWords(deps, jobId, end.hold), jobId } : claimed;
};

const roomQuestion = ({ config }: RunDeps, jobId: JobId, usedFiles: number): RoomQuestion => {
  const { stateDir } = config.station;
  const { workingLog } = loadFolder(stateDir, jobId);
  const writtenBytes = statSync(workingLog, { throwIfNoEntry: false })?.size ?? 0;
  return { folder: stateDir, usedFiles, writtenBytes };
};

const checkClock = async ({ store, clock }: RunDeps, job: Job, signal: AbortSignal): Promise<Hold | undefined> => {
  const account = store.account(job.accountEmail);
  return account === undefined ? undefined : clock.check(bucketAccess(account, job, job.bucket), signal);
};

// A loader that was told to stop repeats the code alone; the job has the words.
const inWords = ({ store }: RunDeps, jobId: JobId, held: Hold): Hold => {
  const ofJob = store.job(jobId)?.hold;
  return held.code === 'HeldByPerson' && ofJob?.code === held.code ? ofJob : held;
};

const hasSubstitutions = (job: Job): boolean => {
  const parsed = parseManifest(job.manifest);
  return parsed.kind === 'ok' && parsed.manifest.substitutions.length > 0;
};

// The loader has ended here. The log goes into the bucket while the drive is proved free, which neither waits for the other:
// the drive may leave even while the bucket refuses the log.
const finish = async (
  deps: RunDeps,
  { bay, drive, attachmentId }: DriveInBay,
  { job: { jobId }, progress, made }: Claimed,
  { change }: AttemptPorts,
  signal: AbortSignal,
): Promise<RunState> => {
  const shown = progress === undefined ? { jobId } : { jobId, progress };
  change({ kind: 'releasing', ...shown });
  const publishing = deps.publisher.publish(jobId, made);
  // Looked at below; where the drive is not free, the publisher tells it by itself.
  publishing.catch(() => undefined);
  const busy = await freeDrive(deps.launch, drive, signal);
  if (busy !== undefined) return { kind: 'hold', hold: busy, jobId };
  change({ kind: 'publishing', ...shown });
  // The publisher goes on by itself where the drive leaves meanwhile.
  const held = await abortable(publishing, signal);
  if (held !== undefined) return { kind: 'hold', hold: held, jobId };
  deps.claims.release(bay);
  deps.store.changeAttachment(attachmentId, { outcome: 'done' });
  return { kind: 'done', jobId };
};
