// Jobs as a person reads them.

import type { HandledJobView, JobView } from '#protocol/control.ts';
import { formatHold } from './format-hold.ts';
import { formatFields, formatTable } from './output.ts';
import { formatCount, formatDate, formatDuration, formatFiles, formatSize } from '#language/quantity.ts';
import { shown } from '#language/shown.ts';
import { HOUR_MS, SECOND_MS } from '#language/units.ts';

/** One line per job under a header, in the order given. */
export const formatJobs = (jobs: readonly JobView[]): readonly string[] =>
  jobs.length === 0
    ? ['There are no jobs.']
    : formatTable(
        ['JOB', 'STATUS', 'DRIVE', 'ACCOUNT', 'BUCKET', 'CREATED', 'HELD'],
        jobs.map((job) => [
          job.jobId,
          shown(job.state.job),
          shown(job.state.device),
          shown(job.account),
          shown(job.bucket),
          formatDate(job.createdAt),
          job.hold?.code ?? '',
        ]),
      );

/** Everything about one job. */
export const formatJob = (job: JobView): readonly string[] => [
  ...formatFields([
    ['Job', job.jobId],
    ['Status', shown(job.state.job)],
    ['Drive', shown(job.state.device)],
    ['Device ID', shown(job.deviceId)],
    ['Account', shown(job.account)],
    ['Bucket', `${shown(job.bucket)} (${shown(job.bucketRegion)})`],
    ['Import log', `${shown(job.logBucket)}/${shown(job.logKey)}`],
    ['Created', formatDate(job.createdAt)],
    ['Expires', formatDate(job.expiresAt)],
    ['Loading', job.loadingSeconds === undefined ? undefined : formatLoadingTime(job.loadingSeconds)],
    ['Finished', job.finishedAt === undefined ? undefined : formatDate(job.finishedAt)],
  ]),
  ...formatCounts(job.counts),
  ...(job.hold === undefined ? [] : ['', ...formatHold(job.hold)]),
  ...formatHistory(job.history),
];

// The fee is reckoned in begun hours.
const formatLoadingTime = (seconds: number): string => {
  const hours = Math.max(1, Math.ceil((seconds * SECOND_MS) / HOUR_MS));
  return `${formatDuration(seconds)} (${String(hours)} ${hours === 1 ? 'hour' : 'hours'} begun)`;
};

const formatCounts = (counts: JobView['counts']): readonly string[] => {
  if (counts === undefined) return [];
  const codes = Object.entries(counts.failedByCode).map(([code, files]) => `${formatCount(files)} ${shown(code)}`);
  return [
    '',
    ...formatFields([
      ['Loaded', formatTally(counts.loaded)],
      ['Ignored', formatTally(counts.ignored)],
      ['Failed', `${formatTally(counts.failed)}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`],
    ]),
  ];
};

/** `12,345 files, 1.5 GiB`. */
const formatTally = ({ files, bytes }: { readonly files: number; readonly bytes: number }): string =>
  `${formatFiles(files)}, ${formatSize(bytes)}`;

const formatHistory = (history: JobView['history']): readonly string[] => {
  if (history.length === 0) return [];
  const rows = history.map((change) => [
    formatDate(change.changedAt),
    shown(change.state.job),
    shown(change.state.device),
    [change.cause, ...Object.entries(change.details).map(([name, value]) => `${name}=${value}`)]
      .map((part) => shown(part))
      .join(' '),
  ]);
  return ['', ...formatTable(['WHEN', 'STATUS', 'DRIVE', 'WHY'], rows)];
};

/** What is said when a job was ended by a command. */
export const endingLines = (
  { jobId, isOver }: { readonly jobId: string; readonly isOver: boolean },
  how: string,
): readonly string[] =>
  isOver
    ? [`Job ${jobId} is ${how}.`]
    : [
        `Job ${jobId} stops after the files in flight, and its log of what was done is put into the bucket; then it is ${how}.`,
        `See: import-station job show ${jobId}`,
      ];

/** What is on a parcel of a job, or comes onto it. */
export const handledJobLines = ({ email, deviceId, returnAddress }: HandledJobView): readonly string[] => [
  `  Customer:  ${email}`,
  `  Device:    ${deviceId === '' ? 'not readable in the manifest' : deviceId}`,
  ...returnAddress.map((line, index) => `  ${index === 0 ? 'Address:   ' : '           '}${line}`),
];
