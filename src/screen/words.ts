// What is said of a bay: the one word that tells what it wants, its drive, how far it is.

import { formatCount, formatDriveSize, formatDuration, formatFiles, formatSize } from '#language/quantity.ts';
import { shown } from '#language/shown.ts';
import type { BayStatus } from '#protocol/control.ts';
import type { Tone } from './text.ts';

/** A load's progress. */
export type Progress = NonNullable<BayStatus['progress']>;

/** What one glance tells of a bay. */
export type Glance = 'empty' | 'busy' | 'take-out' | 'hold';

/** Tells it; an empty bay whose drive was pulled too early waits for a person too. */
export const glanceOf = ({ activity, hold }: Pick<BayStatus, 'activity' | 'hold'>): Glance => {
  switch (activity) {
    case 'empty':
      return hold === undefined ? 'empty' : 'hold';
    case 'settling':
    case 'inspecting':
    case 'loading':
    case 'releasing':
    case 'publishing':
      return 'busy';
    case 'done':
    case 'already-loaded':
      return 'take-out';
    case 'hold':
      return 'hold';
  }
};

/** The glance as a word, and its tone. */
export const GLANCES: Readonly<Record<Glance, { readonly word: string; readonly tone: Tone }>> = {
  empty: { word: 'EMPTY', tone: 'quiet' },
  busy: { word: 'BUSY', tone: 'busy' },
  'take-out': { word: 'TAKE OUT', tone: 'take-out' },
  hold: { word: 'HOLD', tone: 'person' },
};

/** What is known of a drive: its size, its make or else what it is, its serial or nothing. */
export interface DriveWords {
  readonly size: string;
  readonly make: string;
  readonly serial: string;
}

/** `2.0 TB`, `WD My Passport`, `WCAV5X100001`; undefined without a drive. */
export const driveWords = ({ drive }: BayStatus): DriveWords | undefined => {
  if (drive === undefined) return undefined;
  const { make, serial = '', sizeBytes, name } = drive;
  const size = formatDriveSize(sizeBytes);
  // A drive that tells no make has a name all the same: the image, or "drive". Its size is part of it.
  return { size, make: shown(make ?? name.replace(`, ${size}`, '')), serial: make === undefined ? '' : shown(serial) };
};

// What was sent of files that are not finished counts too, or a drive with one big file would stand still.
const doneBytes = ({ doneBytes: done, finished }: Progress): number => done ?? finished.bytes;

// While the walk runs there is at least what it has found, and perhaps all that the file system says is in use.
const allBytes = ({ found, walkEnded, usedBytes = 0 }: Progress): number =>
  walkEnded ? found.bytes : Math.max(found.bytes, usedBytes);

/** Share that is done, from 0 to 1; of files where there are no bytes. */
export const shareOf = (progress: Progress): number => {
  const { found, finished, walkEnded } = progress;
  const all = allBytes(progress);
  const share = all > 0 ? doneBytes(progress) / all : found.files > 0 ? finished.files / found.files : 0;
  // Not all is done before everything is known, or while a file lacks its row.
  const isAll = walkEnded && finished.files >= found.files;
  return isAll ? 1 : Math.min(Math.max(share, 0), ALMOST_ALL);
};

const ALMOST_ALL = 0.99;
const HUNDRED = 100;

/** `34 %`, cut and not rounded. */
export const formatPercent = (share: number): string => `${String(Math.floor(share * HUNDRED + Number.EPSILON))} %`;

/** `[#####.....]`, as wide as said. */
export const formatBar = (share: number, columns: number): string => {
  const inner = Math.max(1, columns - '[]'.length);
  const filled = Math.floor(share * inner);
  return `[${'#'.repeat(filled)}${'.'.repeat(inner - filled)}]`;
};

/** `1,234 of at least 12,345 files (1 failed), 6.8 GiB of at least 68.0 GiB`. */
export const amountWords = (progress: Progress): string => {
  const { found, finished, walkEnded } = progress;
  // While the walk runs, what was found is not yet all there is.
  const least = walkEnded ? '' : 'at least ';
  const failed = finished.failedFiles === 0 ? '' : ` (${formatCount(finished.failedFiles)} failed)`;
  // A load that goes on has done more, at first, than its new walk has found.
  const files = `${formatCount(finished.files)} of ${least}${formatFiles(Math.max(found.files, finished.files))}`;
  const done = doneBytes(progress);
  return `${files}${failed}, ${formatSize(done)} of ${least}${formatSize(Math.max(found.bytes, done))}`;
};

/** `1,234 files 6.8 GiB`: what is done, for a narrow place. */
export const doneWords = (progress: Progress): string =>
  `${formatFiles(progress.finished.files)} ${formatSize(doneBytes(progress))}`;

/** `100.0 MiB/s`. */
export const rateWords = ({ bytesPerSecond }: Progress): string => `${formatSize(Math.round(bytesPerSecond))}/s`;

/** `18 files/s`; undefined where it is not known. */
export const fileRateWords = ({ filesPerSecond }: Progress): string | undefined =>
  filesPerSecond === undefined ? undefined : `${formatFiles(Math.round(filesPerSecond))}/s`;

/** `at least 2 h 05 min`; undefined where it is not known. */
export const timeWords = ({ secondsLeft, walkEnded }: Progress): string | undefined =>
  secondsLeft === undefined ? undefined : `${walkEnded ? '' : 'at least '}${formatDuration(secondsLeft)}`;

/** The same, shorter: `at least 2h05`; empty where it is not known. */
export const shortTimeWords = (progress: Progress): string =>
  (timeWords(progress) ?? '')
    .replace(/ h (?<minutes>\d\d) min$/u, 'h$<minutes>')
    .replace('less than a minute', '<1 min');

const LIMIT_WORDS: Readonly<Record<NonNullable<Progress['limitedBy']>, string>> = {
  drive: 'the drive',
  bucket: 'the network or the bucket',
  cpu: "this station's CPU",
};

const SHORT_LIMIT_WORDS: Readonly<Record<NonNullable<Progress['limitedBy']>, string>> = {
  drive: 'drive',
  bucket: 'net/bucket',
  cpu: 'CPU',
};

/** What limits the rate: `limited by the drive`; undefined where it is not known. */
export const limitWords = ({ limitedBy }: Progress): string | undefined =>
  limitedBy === undefined ? undefined : `limited by ${LIMIT_WORDS[limitedBy]}`;

/** The same in one word; a bucket that is waited for comes first. */
export const shortLimitWords = ({ limitedBy, bucketTrouble }: Progress): string => {
  if (bucketTrouble !== undefined) return 'bucket';
  return limitedBy === undefined ? '' : SHORT_LIMIT_WORDS[limitedBy];
};
