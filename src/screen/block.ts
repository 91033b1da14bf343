// A bay, or a hold that belongs to none, with all that is to be said of it: five lines, or a few more where a hold's
// sentences are long and there is room.

import { ACTOR_NAMES } from '#notice/actors.ts';
import { formatWaysOut } from '#notice/way-names.ts';
import { shown } from '#language/shown.ts';
import type { BayStatus, StationStatus } from '#protocol/control.ts';
import { lineOf, wrapText, type Line } from './text.ts';
import {
  amountWords,
  driveWords,
  fileRateWords,
  formatBar,
  formatPercent,
  glanceOf,
  GLANCES,
  limitWords,
  rateWords,
  shareOf,
  timeWords,
  type Progress,
} from './words.ts';

/** A hold as the status lists it. */
export type PlacedHold = StationStatus['holds'][number];

/** Forms of one thing, each longer than the one before it. */
export type Forms = readonly (readonly Line[])[];

type Hold = NonNullable<BayStatus['hold']>;

const INDENT = '  ';
const GAP = '  ';
const BAR_COLUMNS = 42;
/** A block of five: its title, then twice two lines of sentences. */
const SHORT_SENTENCE_LINES = 2;

/** The forms of a bay's block. */
export const bayBlock = (bay: BayStatus, columns: number): Forms => {
  const title = titleOf(bay);
  const drive = driveLine(bay);
  const { hold } = bay;
  if (hold !== undefined) {
    const short = [title, ...holdLines(hold, columns, SHORT_SENTENCE_LINES)];
    const whole = [title, ...drive, ...holdLines(hold, columns)];
    return [short, whole, [...whole, ...waysOutLines(hold, columns)]];
  }
  return [[title, ...drive, ...(bay.progress === undefined ? [] : progressLines(bay.progress, columns))]];
};

/** The forms of a hold that no bay shows: a job's, or the whole station's. */
export const holdBlock = (hold: PlacedHold, columns: number): Forms => {
  const title: Line = [
    { text: hold.jobId === undefined ? 'This station' : `Job ${hold.jobId}`, tone: 'strong' },
    { text: GAP, tone: 'plain' },
    { text: `${GLANCES.hold.word} ${hold.code}`, tone: GLANCES.hold.tone },
  ];
  const whole = [title, ...holdLines(hold, columns)];
  return [[title, ...holdLines(hold, columns, 1)], whole, [...whole, ...waysOutLines(hold, columns)]];
};

const titleOf = (bay: BayStatus): Line => {
  const glance = glanceOf(bay);
  const { word, tone } = GLANCES[glance];
  const { hold, jobId } = bay;
  // What a hold's bay says is its first sentence, which stands below.
  const says = glance === 'hold' || glance === 'empty' ? '' : `${GAP}${shown(bay.says)}`;
  const code = glance === 'hold' && hold !== undefined ? ` ${hold.code}` : '';
  return [
    { text: shown(bay.bay), tone: 'strong' },
    { text: GAP, tone: 'plain' },
    { text: `${word}${code}`, tone },
    { text: `${says}${jobId === undefined ? '' : `${GAP}job ${jobId}`}`, tone: 'plain' },
  ];
};

const driveLine = (bay: BayStatus): readonly Line[] => {
  const drive = driveWords(bay);
  if (drive === undefined) return [];
  const serial = drive.serial === '' ? '' : `, serial ${drive.serial}`;
  return [lineOf(`${INDENT}${drive.size} ${drive.make}${serial}, ${bay.drive?.device ?? ''}`, 'quiet')];
};

/** What happened, who acts, what to do; each sentence on at most `maxLines` lines. */
export const holdLines = (hold: Hold, columns: number, maxLines: number = Infinity): readonly Line[] => {
  const todo = `${WHO_ACTS}${ACTOR_NAMES[hold.actor]}. ${WHAT_TO_DO}${shown(hold.todo)}`;
  return [...sentence(shown(hold.happened), columns, maxLines), ...sentence(todo, columns, maxLines)];
};

/** The ways out of a hold, for where there is room after all sentences. */
export const waysOutLines = ({ waysOut }: Hold, columns: number): readonly Line[] =>
  waysOut.length === 0 ? [] : sentence(`${WAYS_OUT}${formatWaysOut(waysOut)}.`, columns, Infinity);

const sentence = (text: string, columns: number, maxLines: number): readonly Line[] =>
  wrapText(text, columns - INDENT.length, maxLines).map((line) => lineOf(`${INDENT}${line}`));

const WHO_ACTS = 'Who acts: ';
const WHAT_TO_DO = 'What to do: ';
const WAYS_OUT = 'Ways out: ';

const progressLines = (progress: Progress, columns: number): readonly Line[] => {
  const share = shareOf(progress);
  const bar = formatBar(share, Math.min(BAR_COLUMNS, columns - INDENT.length - GAP.length - '100 %'.length));
  const time = timeWords(progress);
  const left = time === undefined ? [] : [{ text: `${GAP}${time} left`, tone: 'strong' as const }];
  const rates = [rateWords(progress), fileRateWords(progress), limitWords(progress)].flatMap((words) => words ?? []);
  const { bucketTrouble, current } = progress;
  return [
    [{ text: `${INDENT}${bar}`, tone: 'busy' }, { text: `${GAP}${formatPercent(share)}`, tone: 'plain' }, ...left],
    lineOf(`${INDENT}${amountWords(progress)}`),
    bucketTrouble === undefined
      ? lineOf(`${INDENT}${rates.join(', ')}${current === undefined ? '' : `; ${shown(current)}`}`)
      : lineOf(`${INDENT}waiting for the bucket: ${shown(bucketTrouble)}`, 'trouble'),
  ];
};
