// A bay as one line, and what stands below it where there is room.

import { ACTOR_NAMES } from '#notice/actors.ts';
import { shown } from '#language/shown.ts';
import type { BayStatus } from '#protocol/control.ts';
import { holdLines, waysOutLines, type Forms } from './block.ts';
import { cutText, lineOf, lineWidth, padTo, widthOf, type Line, type Piece } from './text.ts';
import {
  amountWords,
  doneWords,
  driveWords,
  formatBar,
  formatPercent,
  glanceOf,
  GLANCES,
  rateWords,
  shareOf,
  shortLimitWords,
  shortTimeWords,
  type Progress,
} from './words.ts';

/** Widths that all lines of a screen share, so that its columns stand under each other. */
export interface LineWidths {
  readonly columns: number;
  readonly bay: number;
  readonly job: number;
  /** What is done in files and bytes stands below the line, not in it. */
  readonly hasDetails: boolean;
}

const LONGEST_NAME = 16;
const GLANCE_COLUMNS = Math.max(...Object.values(GLANCES).map(({ word }) => word.length));
const BAR_COLUMNS = 12;
const PERCENT_COLUMNS = '100 %'.length;
const RATE_COLUMNS = '1000.0 MiB/s'.length;
/** From here on there is room for what is done, in files and bytes. */
const WIDE_COLUMNS = 110;
const DONE_COLUMNS = '30,000,000 files 1000.0 GiB'.length;
const TIME_COLUMNS = 'at least 999h59'.length;
const LIMIT_COLUMNS = 'net/bucket'.length;
/** Less is not begun with. */
const LEAST_MAKE_COLUMNS = 16;

/** The widths for these bays. */
export const lineWidths = (bays: readonly BayStatus[], columns: number, hasDetails: boolean): LineWidths => ({
  columns,
  hasDetails,
  bay: Math.min(LONGEST_NAME, Math.max(0, ...bays.map(({ bay }) => widthOf(shown(bay))))),
  job: Math.max(0, ...bays.map(({ jobId = '' }) => jobId.length)),
});

/** The forms of a bay's line: alone, and with the sentences of its hold below it. */
export const bayLine = (bay: BayStatus, widths: LineWidths): Forms => {
  const line = oneLine(bay, widths);
  const { hold } = bay;
  if (hold === undefined) return [[line]];
  const short = [line, ...holdLines(hold, widths.columns, 1)];
  // Where the line says it all, the sentences come after those of the holds.
  const whole = [line, ...holdLines(hold, widths.columns)];
  const ways = waysOutLines(hold, widths.columns);
  return [[line], glanceOf(bay) === 'hold' ? short : [line], whole, [...whole, ...ways]];
};

/** What a bay has to say besides its line: a load's figures. Undefined where it has nothing. */
export const lineDetails = ({ progress }: BayStatus): Line | undefined => {
  if (progress === undefined) return undefined;
  const { bucketTrouble, current } = progress;
  if (bucketTrouble !== undefined) return lineOf(`  waiting for the bucket: ${shown(bucketTrouble)}`, 'trouble');
  return lineOf(`  ${amountWords(progress)}${current === undefined ? '' : `; ${shown(current)}`}`, 'quiet');
};

const oneLine = (bay: BayStatus, widths: LineWidths): Line => {
  const { word, tone } = GLANCES[glanceOf(bay)];
  const start: Line = [
    { text: padTo(cutText(shown(bay.bay), widths.bay), widths.bay + 1), tone: 'strong' },
    { text: word, tone },
    { text: ' '.repeat(GLANCE_COLUMNS - word.length + 1), tone: 'plain' },
    ...(widths.job === 0 ? [] : [{ text: (bay.jobId ?? '').padEnd(widths.job + 1), tone: 'plain' } as const]),
  ];
  const line = [...start, ...now(bay, widths)];
  const left = widths.columns - lineWidth(line) - 1;
  const drive = driveWords(bay);
  if (drive === undefined) return line;
  // A beginning of a make tells something, a beginning of a size nothing.
  const words = [drive.size, ...(left < LEAST_MAKE_COLUMNS ? [] : [drive.make, drive.serial])].join(' ').trimEnd();
  return left < drive.size.length ? line : [...line, { text: ` ${cutText(words, left)}`, tone: 'quiet' }];
};

const now = (bay: BayStatus, widths: LineWidths): readonly Piece[] => {
  const { hold, progress } = bay;
  switch (glanceOf(bay)) {
    case 'empty':
      return [];
    case 'hold':
      return hold === undefined ? [] : [{ text: `${ACTOR_NAMES[hold.actor]} acts: ${hold.code}`, tone: 'strong' }];
    case 'busy':
      return progress !== undefined && bay.activity === 'loading' ? load(progress, widths) : [says(bay)];
    case 'take-out':
      return [says(bay)];
  }
};

const says = (bay: BayStatus): Piece => ({ text: shown(bay.says), tone: 'plain' });

const load = (progress: Progress, { columns, hasDetails }: LineWidths): readonly Piece[] => {
  const share = shareOf(progress);
  const time = shortTimeWords(progress);
  const limit = shortLimitWords(progress);
  const isWide = columns >= WIDE_COLUMNS;
  const words = [
    formatPercent(share).padStart(PERCENT_COLUMNS),
    ...(isWide && !hasDetails ? [doneWords(progress).padStart(DONE_COLUMNS)] : []),
    rateWords(progress).padStart(RATE_COLUMNS),
    ...(isWide
      ? [time.padEnd(TIME_COLUMNS), limit.padEnd(LIMIT_COLUMNS)]
      : [time, limit].filter((word) => word !== '')),
  ];
  return [
    { text: formatBar(share, BAR_COLUMNS), tone: 'busy' },
    { text: ` ${words.join(' ')}`, tone: 'plain' },
  ];
};
