// The technician's screen as lines, whatever the terminal's size: holds on top; up to four bays a block each, more of
// them a line each. The status of a station goes in, nothing else is known.

import { formatClock, formatDate } from '#language/quantity.ts';
import { shown } from '#language/shown.ts';
import type { BayStatus, StationStatus } from '#protocol/control.ts';
import { bayLine, lineDetails, lineWidths } from './bay-line.ts';
import { bayBlock, holdBlock, type Forms } from './block.ts';
import { cutLine, lineOf, renderLine, type Line } from './text.ts';
import { glanceOf } from './words.ts';

/** What a screen looks like. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
  readonly isColoured: boolean;
}

/** Since when the station does not answer, as an ISO date. */
export interface Silence {
  readonly since: string;
}

const MOST_BLOCKS = 4;
const NOTHING: Line = [];

/** The lines of a screen, at most as many as it has rows and none wider than it. */
export const drawScreen = (status: StationStatus, size: ScreenSize, silence?: Silence): readonly string[] => {
  const { columns, rows, isColoured } = size;
  const head = [silence === undefined ? headLine(status, formatClock(status.madeAt)) : silentHead(status, silence)];
  const room = rows - head.length;
  const body = drawBlocks(status, columns, room) ?? drawLines(status, columns, room);
  return [...head, ...body].map((line) => renderLine(cutLine(line, columns), isColoured));
};

/** Everything there is to say, one block after the other, each sentence on one line: for a single look and for pipes. */
export const drawAll = (status: StationStatus, isColoured: boolean): readonly string[] => {
  const blocks = [...heldElsewhere(status, Infinity), ...holdsFirst(status).map((bay) => bayBlock(bay, Infinity))];
  return [
    headLine(status, formatDate(status.madeAt)),
    ...blocks.flatMap((forms) => [NOTHING, ...(forms.at(-1) ?? [])]),
  ].map((line) => renderLine(line, isColoured));
};

/** What is shown before the station has answered for the first time. */
export const drawSilence = (silence: Silence, { columns, isColoured }: ScreenSize): readonly string[] => [
  renderLine(cutLine(lineOf(silenceWords(silence), 'trouble'), columns), isColoured),
];

/** `The station does not answer since 09:15:02 UTC`. */
export const silenceWords = ({ since }: Silence): string => `The station does not answer since ${formatClock(since)}`;

const headLine = (status: StationStatus, time: string): Line => [
  { text: shown(status.station), tone: 'strong' },
  { text: `  ${time}  ${countWords(status)}`, tone: 'plain' },
];

const silentHead = ({ station, madeAt }: StationStatus, silence: Silence): Line => [
  { text: `${shown(station)}  `, tone: 'strong' },
  { text: `${silenceWords(silence)}; shown is what it said at ${formatClock(madeAt)}`, tone: 'trouble' },
];

const countWords = ({ bays, holds }: StationStatus): string => {
  const count = (glance: ReturnType<typeof glanceOf>): number => bays.filter((bay) => glanceOf(bay) === glance).length;
  const waiting = count('hold') + holds.filter(({ bay }) => bay === undefined).length;
  return [
    [waiting, 'waiting for a person'],
    [count('take-out'), 'to take out'],
    [count('busy'), 'busy'],
    [count('empty'), 'empty'],
  ]
    .filter(([number]) => number !== 0)
    .map(([number, words]) => `${String(number)} ${String(words)}`)
    .join(', ');
};

// Holds of a bay are shown with the bay.
const heldElsewhere = ({ holds }: StationStatus, columns: number): readonly Forms[] =>
  holds.filter(({ bay }) => bay === undefined).map((hold) => holdBlock(hold, columns));

const holdsFirst = ({ bays }: StationStatus): readonly BayStatus[] => {
  const isHeld = (bay: BayStatus): boolean => glanceOf(bay) === 'hold';
  return [...bays.filter(isHeld), ...bays.filter((bay) => !isHeld(bay))];
};

// Undefined where there are too many bays for blocks, or too little room.
const drawBlocks = (status: StationStatus, columns: number, rows: number): readonly Line[] | undefined => {
  if (status.bays.length > MOST_BLOCKS) return undefined;
  const blocks = [...heldElsewhere(status, columns), ...holdsFirst(status).map((bay) => bayBlock(bay, columns))];
  if (lengthOf(blocks.map(([first = []]) => first)) > rows) return undefined;
  // Blanks between blocks tell them apart: they come before the longer forms, the one under the head comes last.
  const gaps = blocks.length - 1;
  const isSpaced = lengthOf(blocks.map(([first = []]) => first)) + gaps <= rows;
  const grown = grow(blocks, rows - (isSpaced ? gaps : 0));
  const hasHeadGap = isSpaced && lengthOf(grown) + gaps < rows;
  return grown.flatMap((lines, index) => [...((index === 0 ? hasHeadGap : isSpaced) ? [NOTHING] : []), ...lines]);
};

const drawLines = (status: StationStatus, columns: number, rows: number): readonly Line[] => {
  const elsewhere = heldElsewhere(status, columns).map((forms) => [(forms[0] ?? []).slice(0, 1), ...forms]);
  const bays = holdsFirst(status);
  const fitted = (hasDetails: boolean): readonly (readonly Line[])[] => {
    const widths = lineWidths(bays, columns, hasDetails);
    return grow([...elsewhere, ...bays.map((bay) => bayLine(bay, widths))], rows);
  };
  const details = bays.map((bay) => lineDetails(bay));
  const detailRows = details.filter((line) => line !== undefined).length;
  // All or none, so that the lines of all bays look the same.
  const hasDetails = lengthOf(fitted(false)) + detailRows <= rows;
  const lines = fitted(hasDetails).flatMap((one, index) => {
    const detail = details[index - elsewhere.length];
    return hasDetails && detail !== undefined ? [...one, detail] : one;
  });
  return cutBottom(lines, rows);
};

/** Takes for each thing, from the top, the longest form for which there is room. */
const grow = (things: readonly Forms[], rows: number): readonly (readonly Line[])[] => {
  const chosen = things.map(([first = []]) => first);
  const most = Math.max(0, ...things.map((forms) => forms.length));
  let free = rows - lengthOf(chosen);
  // One step for all before the next step for any.
  for (let step = 1; step < most; step += 1) {
    things.forEach((forms, index) => {
      const next = forms[step];
      const more = (next?.length ?? 0) - (chosen[index]?.length ?? 0);
      if (next === undefined || more > free) return;
      chosen[index] = next;
      free -= more;
    });
  }
  return chosen;
};

const cutBottom = (lines: readonly Line[], rows: number): readonly Line[] => {
  if (lines.length <= rows) return lines;
  const kept = lines.slice(0, Math.max(0, rows - 1));
  const missing = lines.length - kept.length;
  return [...kept, lineOf(`... and ${String(missing)} more; make the window taller`, 'trouble')].slice(0, rows);
};

const lengthOf = (blocks: readonly (readonly Line[])[]): number => blocks.reduce((sum, { length }) => sum + length, 0);
