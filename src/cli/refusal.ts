// How a refusal reaches a person: what happened, who acts, what to do now, on stderr.

import { printable } from '#language/printable.ts';
import { ACTOR_NAMES } from '#notice/actors.ts';
import { noticeOf, reasonOf } from '#notice/catalogue.ts';
import type { Refusal } from '#protocol/control.ts';
import type { StationError } from '#language/station-error.ts';
import type { CliContext } from './context.ts';
import { exitCodeOf, type ExitCode } from './exit-codes.ts';
import { writeLines } from './output.ts';

/** What a call gives: a value, or why it was refused. */
export type Answer<Value> =
  { readonly kind: 'ok'; readonly value: Value } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A refusal in the words of the catalogue. */
export const refused = (
  code: string,
  details: Readonly<Record<string, string>> = {},
  problems?: Refusal['problems'],
): { readonly kind: 'refused'; readonly refusal: Refusal } => ({
  kind: 'refused',
  refusal: { error: noticeOf(code, details), ...(problems === undefined ? {} : { problems }) },
});

/** The lines of a refusal: what happened, the findings, who acts, what to do, the code. */
export const formatRefusal = ({ error, problems = [] }: Refusal): readonly string[] => [
  `import-station: ${error.happened}`,
  ...problems.map((problem) => `  ${formatProblem(problem)}`),
  `  Who acts:   ${ACTOR_NAMES[error.actor]}`,
  `  What to do: ${error.todo}`,
  `  Code:       ${error.code}`,
];

// `line 4, bucket: ... (InvalidManifestField)`
const formatProblem = (problem: NonNullable<Refusal['problems']>[number]): string => {
  const place = [
    ...(problem.line === undefined ? [] : [`line ${String(problem.line)}`]),
    ...(problem.field === undefined ? [] : [printable(problem.field)]),
  ].join(', ');
  return `${place === '' ? '' : `${place}: `}${problem.message} (${problem.code})`;
};

/** Writes a refusal to stderr and gives the exit code for it. */
export const refuse = (context: CliContext, refusal: Refusal): ExitCode => {
  writeLines(context.io.stderr, formatRefusal(refusal));
  return exitCodeOf(refusal.error.code);
};

/** The refusal that a StationError stands for; undefined where its code is none of the catalogue: a defect. */
export const refusalOfError = (error: StationError): Refusal | undefined => {
  if (reasonOf(error.code) === undefined) return undefined;
  const details = Object.entries(error.details).map(([name, value]) => [name, String(value)] as const);
  return { error: noticeOf(error.code, { message: error.message, ...Object.fromEntries(details) }) };
};
