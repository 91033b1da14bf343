// The station's status as a technician reads it, bay by bay.

import type { BayStatus, StationStatus } from '#protocol/control.ts';
import { formatHold } from './format-hold.ts';
import { formatTally } from './format-job.ts';
import { formatDate, formatDuration, formatFiles, formatSize } from './quantity.ts';
import { shown } from './shown.ts';

const INDENT = '  ';

/** The whole status. */
export const formatStatus = (status: StationStatus): readonly string[] => [
  `${shown(status.station)}, ${formatDate(status.madeAt)}`,
  ...status.bays.flatMap((bay) => ['', ...formatBay(bay)]),
  ...status.holds.flatMap((hold) => ['', ...formatPlacedHold(hold)]),
];

const formatBay = (bay: BayStatus): readonly string[] => {
  const job = bay.jobId === undefined ? [] : [`job ${bay.jobId}`];
  const drive = bay.drive === undefined ? [] : [`${shown(bay.drive.name)} (${formatSize(bay.drive.sizeBytes)})`];
  return [
    `${shown(bay.bay)}: ${shown(bay.says)}`,
    ...indent([...job, ...drive].map((part, index) => (index === 0 ? part : `on ${part}`)).join(' ')),
    ...(bay.progress === undefined ? [] : formatProgress(bay.progress).map((line) => `${INDENT}${line}`)),
    ...(bay.hold === undefined ? [] : formatHold(bay.hold).map((line) => `${INDENT}${line}`)),
  ];
};

const indent = (line: string): readonly string[] => (line === '' ? [] : [`${INDENT}${line}`]);

// Holds of a bay are shown with the bay; here stand those of a job and those of the whole station.
const formatPlacedHold = (hold: StationStatus['holds'][number]): readonly string[] => {
  if (hold.bay !== undefined) return [];
  const place = hold.jobId === undefined ? 'This station' : `Job ${hold.jobId}`;
  return [`${place}: waits for a person`, ...formatHold(hold).map((line) => `${INDENT}${line}`)];
};

const formatProgress = (progress: NonNullable<BayStatus['progress']>): readonly string[] => {
  const { found, finished } = progress;
  // While the walk runs, what was found is not yet all there is.
  const atLeast = progress.walkEnded ? '' : 'at least ';
  const failed = finished.failedFiles === 0 ? '' : `, ${formatFiles(finished.failedFiles)} failed`;
  const left = progress.secondsLeft === undefined ? '' : `, ${atLeast}${formatDuration(progress.secondsLeft)} left`;
  return [
    `${formatTally(finished)} of ${atLeast}${formatTally(found)}${failed}`,
    `${formatSize(Math.round(progress.bytesPerSecond))} a second${left}`,
    ...(progress.bucketTrouble === undefined ? [] : [`waiting for the bucket: ${shown(progress.bucketTrouble)}`]),
    ...(progress.current === undefined ? [] : [shown(progress.current)]),
  ];
};
