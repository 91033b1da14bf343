// `import-station reasons`: what the codes of holds, rows and refusals mean. Needs no station.

import type { Command } from 'commander';
import { ACTOR_NAMES } from '#notice/actors.ts';
import { REASONS } from '#notice/catalogue.ts';
import type { Reason } from '#notice/contract.ts';
import { formatWaysOut } from '#notice/way-names.ts';
import type { CliContext } from './context.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { formatTable } from './output.ts';
import { refuse, refused } from './refusal.ts';

const EXAMPLE = `
Examples:
  import-station reasons
  import-station reasons MissingSignature
`;

/** Adds the command `reasons`. */
export const addReasonsCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('reasons')
    .argument('[code]', 'one code, in upper or lower case')
    .description('explain the codes of holds, log rows and refusals: what happened, who acts, what to do')
    .addHelpText('after', EXAMPLE);
  addJsonOption(command).action((code: string | undefined, options: JsonOption) => {
    const reasons = REASONS.filter((reason) => code?.toLowerCase() === reason.code.toLowerCase() || code === undefined);
    if (reasons.length === 0) {
      context.end(refuse(context, refused('NoSuchReason', { found: code ?? '' }).refusal));
      return;
    }
    print(context, options, { reasons }, () => (code === undefined ? tableOf(reasons) : reasons.flatMap(wordsOf)));
  });
};

const KINDS: Readonly<Record<Reason['kind'], string>> = {
  hold: 'hold: the bay or job waits for a person',
  row: 'status in a row of an import log',
  refusal: 'answer to a command',
};

const tableOf = (reasons: readonly Reason[]): readonly string[] =>
  formatTable(
    ['CODE', 'KIND', 'WHO ACTS', 'WHAT HAPPENED'],
    reasons.map(({ code, kind, actor, happened }) => [code, kind, ACTOR_NAMES[actor], happened]),
  );

const wordsOf = ({ code, kind, happened, actor, todo, waysOut }: Reason): readonly string[] => [
  `${code} (${KINDS[kind]})`,
  `  ${happened}`,
  `  Who acts:   ${ACTOR_NAMES[actor]}`,
  `  What to do: ${todo}`,
  ...(waysOut.length === 0 ? [] : [`  Ways out:   ${formatWaysOut(waysOut)}`]),
];
