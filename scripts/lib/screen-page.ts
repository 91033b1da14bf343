// Makes docs/screen.md: the technician's screen as the product draws it, for the samples that the tests use too.
// `node scripts/lib/screen-page.ts` writes the page, and the captures into README.md; a test compares both with what is
// drawn.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawAll, drawScreen } from '#screen/draw.ts';
import { SAMPLE_BAYS, SAMPLE_SIZES, sampleStatus } from '../../test/support/screen-samples.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = join(ROOT, 'docs', 'screen.md');
const README = join(ROOT, 'README.md');
const CAPTURES = /(?<begin><!-- screen -->\n).*?(?<end><!-- end of screen -->\n)/su;
const SILENT_SINCE = '2026-11-25T09:16:05.000Z';

const INTRODUCTION = `# The technician's screen

\`import-station status --watch\`. This page is made by \`node scripts/lib/screen-page.ts\` from the product's own drawing of
samples, and a test compares it with what is drawn now; another one sees the same in a real terminal (tmux).

- One glance tells of a bay: \`HOLD\` (red: a person has to act), \`TAKE OUT\` (green), \`BUSY\`, \`EMPTY\`. Holds are on top, the
  other bays in the order of the configuration. Without colours (\`NO_COLOR\`, \`TERM=dumb\`, no terminal) the words say it.
- Up to four bays have a block each: bay, what it does, job; drive by size, make, serial and device; bar and time left;
  files and bytes done and found; rate and what limits it. A hold says what happened, who acts and what to do.
- More bays have a line each, holds with their sentences below. Where there is room for all of them, each load has a second
  line with its files and bytes.
- "at least": the walk over the drive still runs. What is found grows, and the time left is reckoned from what the file
  system says is in use.
- The rate is limited by \`drive\`, by \`net/bucket\` (the network or the bucket: all requests are under way, and their answers
  are waited for), by \`bucket\` (it answers that it cannot now) or by \`CPU\` (of this station).
- The picture follows the window's size. Ctrl-C ends it and gives the terminal back as it was. While the station does not
  answer, the screen says since when, over what it knew last, and goes on by itself.
- In a pipe there is no picture: one line for each thing that happens, and for a load one a minute.
`;

/** The text of docs/screen.md. */
export const screenPage = (): string => {
  const silent = drawScreen(
    sampleStatus(1),
    { columns: 80, rows: 24, isColoured: false },
    {
      since: SILENT_SINCE,
    },
  );
  return [
    INTRODUCTION,
    ...captures().map(({ title, lines }) => section(title, lines)),
    section('The station does not answer', silent),
    section('A single look: `import-station status`', drawAll(sampleStatus(4), false)),
  ].join('\n');
};

interface Capture {
  readonly title: string;
  readonly lines: readonly string[];
}

const captures = (): readonly Capture[] =>
  SAMPLE_BAYS.flatMap((bayCount) =>
    SAMPLE_SIZES.map((size) => ({
      title: `${String(bayCount)} ${bayCount === 1 ? 'bay' : 'bays'}, ${String(size.columns)} x ${String(size.rows)}`,
      lines: drawScreen(sampleStatus(bayCount), { ...size, isColoured: false }),
    })),
  );

/** A README with the captures of now between its marks. */
export const withCaptures = (readme: string): string =>
  readme.replace(CAPTURES, (_former, begin: string, end: string) => {
    const folds = captures().map(
      ({ title, lines }) =>
        `\n<details>\n<summary>${title}</summary>\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n\n</details>\n`,
    );
    return `${begin}${folds.join('')}\n${end}`;
  });

const section = (title: string, lines: readonly string[]): string =>
  `## ${title}\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`;

if (import.meta.main) {
  writeFileSync(PAGE, screenPage());
  writeFileSync(README, withCaptures(readFileSync(README, 'utf8')));
}
