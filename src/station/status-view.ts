// What the station shows: bays, holds and drives as values of the control protocol. Pure but for what it is handed.

import { bayOf, portText } from '#drive/bay.ts';
import type { AttachedDrive, Bay, DriveSnapshot } from '#drive/contract.ts';
import { driveMake, driveName } from '#drive/identity.ts';
import { printable } from '#language/printable.ts';
import { noticeOf } from '#notice/catalogue.ts';
import type { BayStatus, DriveList, StationStatus } from '#protocol/control.ts';
import type { Job } from '#store/contract.ts';
import { holdNotice, type Hold } from './hold.ts';
import type { DriveRun } from './drive-run.ts';
import type { RunState } from './run-state.ts';
import type { BayRecord } from './station.ts';

/** What a status is made of. */
export interface StatusFacts {
  readonly station: string;
  readonly madeAt: Date;
  readonly bays: readonly BayRecord[];
  /** Jobs that carry a hold of their own. */
  readonly heldJobs: readonly Job[];
  /** A hold of the whole station. */
  readonly stationHold?: Hold;
}

/** `GET /status` */
export const statusView = ({ station, madeAt, bays, heldJobs, stationHold }: StatusFacts): StationStatus => {
  const statuses = bays.map(bayView);
  const ofBays = statuses.flatMap(({ bay, hold, jobId }) =>
    hold === undefined ? [] : [{ ...hold, bay, ...(jobId === undefined ? {} : { jobId }) }],
  );
  const ofJobs = heldJobs.flatMap(({ jobId, hold }) =>
    hold === undefined || ofBays.some((one) => one.jobId === jobId && one.code === hold.code)
      ? []
      : [{ ...holdNotice(hold, { jobId }), jobId }],
  );
  const ofStation = stationHold === undefined ? [] : [holdNotice(stationHold, {})];
  return {
    station: printable(station),
    madeAt: madeAt.toISOString(),
    holds: [...ofStation, ...ofBays, ...ofJobs],
    bays: statuses,
  };
};

/** `GET /drives` */
export const drivesView = (snapshot: DriveSnapshot | undefined, bays: readonly Bay[], madeAt: Date): DriveList => ({
  madeAt: madeAt.toISOString(),
  drives: (snapshot?.drives ?? []).map((drive) => {
    const bay = bayOf(drive, bays)?.name;
    return {
      device: drive.device,
      ...(isKnown(drive.port) ? { port: portText(drive.port) } : {}),
      name: driveName(drive),
      sizeBytes: drive.sizeBytes,
      ...(bay === undefined ? {} : { bay }),
      ...(drive.serial === undefined ? {} : { serial: printable(drive.serial) }),
      ...(drive.inUseBy === undefined ? {} : { inUseBy: printable(drive.inUseBy) }),
    };
  }),
});

const isKnown = ({ idPath, backingFile }: AttachedDrive['port']): boolean => (idPath ?? backingFile) !== undefined;

const bayView = (record: BayRecord): BayStatus => {
  const { bay, run, settling, interruptedJobId, isBadContact, switchedOff } = record;
  const base = { bay: bay.name, port: portText(bay.port) };
  if (run !== undefined) return { ...base, drive: driveView(run.drive, run.attachmentId), ...runView(bay.name, run) };
  if (settling !== undefined) return { ...base, activity: 'settling', says: 'a drive is starting up' };
  if (isBadContact === true) {
    const hold = noticeOf('BadContact', { bay: bay.name });
    return { ...base, activity: 'hold', says: 'bad contact: change cable or bay', hold };
  }
  if (switchedOff !== undefined)
    return { ...base, ...switchedOff, activity: 'done', says: 'switched off: take it out' };
  if (interruptedJobId === undefined) return { ...base, activity: 'empty', says: 'empty' };
  return {
    ...base,
    activity: 'empty',
    says: 'interrupted: plug the drive in again, in any bay',
    jobId: interruptedJobId,
    hold: noticeOf('Interrupted', { jobId: interruptedJobId, bay: bay.name }),
  };
};

const driveView = (drive: AttachedDrive, attachmentId: string): NonNullable<BayStatus['drive']> => {
  const make = driveMake(drive);
  return {
    name: driveName(drive),
    device: drive.device,
    sizeBytes: drive.sizeBytes,
    attachmentId,
    ...(make === undefined ? {} : { make }),
    ...(drive.serial === undefined ? {} : { serial: printable(drive.serial) }),
  };
};

const runView = (bay: string, run: DriveRun): Pick<BayStatus, 'activity' | 'says' | 'jobId' | 'progress' | 'hold'> => {
  const state: RunState = run.state();
  const job = 'jobId' in state && state.jobId !== undefined ? { jobId: state.jobId } : {};
  switch (state.kind) {
    case 'inspecting':
      return {
        activity: 'inspecting',
        says: state.isSlow === true ? 'no answer from the drive yet: wait' : 'looking at the drive',
      };
    case 'loading':
      return {
        activity: 'loading',
        says: state.isReread === true ? 'reading it a second time: do not unplug' : 'loading: do not unplug',
        ...job,
        ...progressOf(state),
      };
    case 'releasing':
      return { activity: 'releasing', says: 'closing the drive: do not unplug', ...job, ...progressOf(state) };
    case 'publishing':
      return { activity: 'publishing', says: 'writing the import log', ...job, ...progressOf(state) };
    case 'interrupted':
      return {
        activity: 'hold',
        says: 'interrupted',
        ...job,
        hold: noticeOf('Interrupted', { bay, jobId: state.jobId }),
      };
    case 'released':
      return { activity: 'done', says: 'released: take it out', ...job };
    case 'done':
      return { activity: 'done', says: 'done: take it out', ...job };
    case 'hold': {
      const words = holdNotice(state.hold, { bay, ...job });
      if (state.hold.code === 'AlreadyLoaded') {
        return { activity: 'already-loaded', says: 'already loaded: take it out', ...job, hold: words };
      }
      return { activity: 'hold', says: words.happened, ...job, hold: words };
    }
  }
};

const progressOf = (
  state: Extract<RunState, { readonly kind: 'loading' | 'releasing' | 'publishing' }>,
): Pick<BayStatus, 'progress'> => (state.progress === undefined ? {} : { progress: state.progress });
