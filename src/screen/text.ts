// Lines of a screen: pieces of text with a tone, measured in columns of a terminal, cut and wrapped, then made a string.

import { styleText } from 'node:util';
import stringWidth from 'string-width';

/** What a piece of text says by its colour; without colour the words alone say it. */
export type Tone = 'plain' | 'strong' | 'quiet' | 'busy' | 'take-out' | 'person' | 'trouble';

/** Text in one tone. */
export interface Piece {
  readonly text: string;
  readonly tone: Tone;
}

/** One line. */
export type Line = readonly Piece[];

const CUT = '...';

/** A line of one piece. */
export const lineOf = (text: string, tone: Tone = 'plain'): Line => [{ text, tone }];

/** Columns that a text takes: two for a wide character, none for one that joins the one before it. */
export const widthOf = (text: string): number => stringWidth(text);

/** Columns that a line takes. */
export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0);

/** The text and blanks up to a width; a longer text stays as it is. */
export const padTo = (text: string, columns: number): string =>
  `${text}${' '.repeat(Math.max(0, columns - widthOf(text)))}`;

/** The line where it fits, else its beginning and three dots. */
export const cutLine = (line: Line, columns: number): Line => {
  if (lineWidth(line) <= columns) return line;
  const mark = CUT.slice(0, Math.max(0, columns));
  const pieces: Piece[] = [];
  let left = columns - mark.length;
  for (const { text, tone } of line) {
    const kept = beginning(text, left);
    pieces.push({ text: kept, tone });
    left -= widthOf(kept);
    if (kept !== text) break;
  }
  return [...pieces, { text: mark, tone: 'quiet' }];
};

/** A text cut in the same way. */
export const cutText = (text: string, columns: number): string =>
  cutLine(lineOf(text), columns)
    .map((piece) => piece.text)
    .join('');

/** A text on as many lines as it needs, or on at most `maxLines` with three dots at the end; broken between words. */
export const wrapText = (text: string, columns: number, maxLines: number = Infinity): readonly string[] => {
  const lines: string[] = [];
  let rest = text;
  while (rest !== '') {
    if (lines.length + 1 >= maxLines) return [...lines, cutText(rest, columns)];
    const taken = widthOf(rest) <= columns ? rest : breakAt(rest, columns);
    lines.push(taken.trimEnd());
    rest = rest.slice(taken.length).trimStart();
  }
  return lines;
};

// Up to the last blank that fits; a word longer than the line is broken.
const breakAt = (text: string, columns: number): string => {
  // At least one character, however wide, or there would be no end.
  const fitting = beginning(text, columns) || firstGrapheme(text);
  if (text.charAt(fitting.length) === ' ') return fitting;
  const blank = fitting.lastIndexOf(' ');
  return blank > 0 ? fitting.slice(0, blank) : fitting;
};

const firstGrapheme = (text: string): string => {
  for (const { segment } of graphemesOf(text)) return segment;
  return text;
};

const graphemesOf = (text: string): Intl.Segments =>
  new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text);

// By graphemes, so that no letter loses its accent.
const beginning = (text: string, columns: number): string => {
  let kept = '';
  let left = columns;
  for (const { segment } of graphemesOf(text)) {
    left -= widthOf(segment);
    if (left < 0) return kept;
    kept += segment;
  }
  return kept;
};

type Style = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;

const STYLES: Readonly<Record<Tone, Style[]>> = {
  plain: [],
  strong: ['bold'],
  quiet: ['dim'],
  busy: ['cyan'],
  'take-out': ['bold', 'black', 'bgGreen'],
  person: ['bold', 'white', 'bgRed'],
  trouble: ['bold', 'red'],
};

/** The line as a terminal takes it; no blanks at its end. */
export const renderLine = (line: Line, isColoured: boolean): string => {
  if (!isColoured) return plainText(line);
  return line
    .map(({ text, tone }) =>
      text === '' || tone === 'plain' ? text : styleText(STYLES[tone], text, { validateStream: false }),
    )
    .join('')
    .trimEnd();
};

const plainText = (line: Line): string =>
  line
    .map(({ text }) => text)
    .join('')
    .trimEnd();
