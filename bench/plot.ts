// The plot of the README: for each cell a panel, in it the fastest of each program as a bar.

import { PROGRAMS, type Program } from './contenders.ts';
import { fastestOf } from './report.ts';
import type { Results, Row } from './results.ts';

const COLUMN_COUNT = 2;
const PANEL_WIDTH = 480;
const BAR_HEIGHT = 18;
const BAR_GAP = 5;
const TITLE_HEIGHT = 34;
const LABEL_WIDTH = 110;
const VALUE_WIDTH = 100;
const MARGIN = 16;

const COLOURS: Readonly<Record<Program, string>> = {
  'import-station': '#1a7f37',
  rclone: '#57606a',
  mc: '#57606a',
  'lib-storage': '#57606a',
  'read-and-md5': '#c9d1d9',
};

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly { readonly program: Program; readonly value: number }[];
}

/** Draws it, as SVG. */
export const drawPlot = (measured: readonly Pick<Results, 'rows' | 'sets' | 'scale'>[]): string => {
  const rows = measured.flatMap((one) => one.rows);
  const sets = measured.flatMap((one) => one.sets);
  const isTrial = measured.some(({ scale }) => scale !== 1);
  const panels = panelsOf(rows, sets);
  const panelHeight = TITLE_HEIGHT + PROGRAMS.length * (BAR_HEIGHT + BAR_GAP) + MARGIN;
  const width = COLUMN_COUNT * PANEL_WIDTH + MARGIN;
  const height = Math.ceil(panels.length / COLUMN_COUNT) * panelHeight + 2 * MARGIN;
  const drawn = panels.map((panel, index) => {
    const x = MARGIN + (index % COLUMN_COUNT) * PANEL_WIDTH;
    const y = MARGIN + Math.floor(index / COLUMN_COUNT) * panelHeight;
    return `<g transform="translate(${String(x)} ${String(y)})">\n${drawPanel(panel)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}" font-family="sans-serif" font-size="12">`,
    '<title>Import Station beside its peers</title>',
    `<rect width="${String(width)}" height="${String(height)}" fill="#ffffff"/>`,
    ...drawn,
    ...(isTrial
      ? [`<text x="${String(MARGIN)}" y="${String(height - 8)}" fill="#cf222e">a trial: the figures say nothing</text>`]
      : []),
    '</svg>',
    '',
  ].join('\n');
};

const panelsOf = (rows: readonly Row[], sets: Results['sets']): readonly Panel[] => {
  const cells = Map.groupBy(
    rows,
    ({ set, sink, case: when }) => `${set}, ${sink === 'null' ? 'null sink' : 'MinIO'}, ${when}`,
  );
  return [...cells].map(([cell, own]) => {
    const set = sets.find(({ name }) => name === own[0]?.set);
    // Small files are a matter of files, others of bytes.
    const byFiles = own[0]?.set === 'S' || own[0]?.set === 'W';
    const bars = PROGRAMS.flatMap((program) => {
      const row = fastestOf(own, program);
      return row === undefined ? [] : [{ program, value: byFiles ? row.filesPerSecond : row.bytesPerSecond / 1e6 }];
    });
    return { title: `${cell}: ${set?.title ?? ''}`, unit: byFiles ? 'files/s' : 'MB/s', bars };
  });
};

const drawPanel = ({ title, unit, bars }: Panel): string => {
  const most = Math.max(...bars.map(({ value }) => value));
  const room = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH - MARGIN;
  return [
    `<text x="0" y="14" font-weight="bold" fill="#1f2328">${escapeXml(title)}</text>`,
    ...bars.flatMap(({ program, value }, index) => {
      const y = TITLE_HEIGHT - 10 + index * (BAR_HEIGHT + BAR_GAP);
      const length = Math.max(1, (value / most) * room).toFixed(1);
      const middle = String(y + BAR_HEIGHT - 5);
      return [
        `<text x="${String(LABEL_WIDTH - 6)}" y="${middle}" text-anchor="end" fill="#1f2328">${program}</text>`,
        `<rect x="${String(LABEL_WIDTH)}" y="${String(y)}" width="${length}" height="${String(BAR_HEIGHT)}" fill="${COLOURS[program]}"/>`,
        `<text x="${String(LABEL_WIDTH + Number(length) + 6)}" y="${middle}" fill="#1f2328">${Math.round(value).toLocaleString('en')} ${unit}</text>`,
      ];
    }),
  ].join('\n');
};

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
