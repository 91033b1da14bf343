// Makes docs/reasons.md out of the reason catalogue.
// `node scripts/lib/reasons-page.ts` writes the page; a test compares it with the catalogue.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACTOR_NAMES } from '#notice/actors.ts';
import { REASONS } from '#notice/catalogue.ts';
import type { Reason } from '#notice/contract.ts';
import { formatWaysOut } from '#notice/way-names.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'reasons.md');

const INTRODUCTION = `# Reasons

Every code that the station gives, with what happened, who acts and what to do. The page is made by
\`node scripts/lib/reasons-page.ts\` from the catalogue that the screen, mail and commands use; \`import-station reasons CODE\`
says the same. What stands in braces is filled in.
`;

const CHAPTERS: readonly { readonly kind: Reason['kind']; readonly title: string }[] = [
  { kind: 'hold', title: 'Holds' },
  { kind: 'row', title: 'Rows of the import log' },
  { kind: 'refusal', title: 'Answers to commands' },
];

/** The text of docs/reasons.md. */
export const reasonsPage = (): string =>
  [
    INTRODUCTION,
    ...CHAPTERS.flatMap(({ kind, title }) => [
      `## ${title}\n`,
      ...REASONS.filter((reason) => reason.kind === kind)
        .toSorted((a, b) => (a.code < b.code ? -1 : 1))
        .map(section),
    ]),
  ].join('\n');

const section = ({ code, happened, actor, todo, waysOut }: Reason): string =>
  [
    `### ${code}`,
    '',
    happened,
    '',
    `- Who acts: ${ACTOR_NAMES[actor]}`,
    `- What to do: ${todo}`,
    ...(waysOut.length === 0 ? [] : [`- Ways out: ${formatWaysOut(waysOut)}`]),
    '',
  ].join('\n');

if (import.meta.main) writeFileSync(PAGE, reasonsPage());
