// `import-station doctor`: looks at a station host and says each finding with its remedy.

import type { Command } from 'commander';
import { z } from 'zod';
import type { Config } from '#config/contract.ts';
import { formatConfigProblem, readConfig } from '#config/read-config.ts';
import { examineHost } from '#doctor/examine.ts';
import { reporterFor, type Finding, type Level } from '#doctor/finding.ts';
import { judgeBuckets } from '#doctor/judge-buckets.ts';
import { printable } from '#language/printable.ts';
import { StationError } from '#language/station-error.ts';
import { shown } from '#language/shown.ts';
import { SECOND_MS } from '#language/units.ts';
import { ACTOR_NAMES } from '#notice/actors.ts';
import { bucketCheckSchema } from '#protocol/reports.ts';
import { STORE_FILE } from '#store/sqlite-store.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { tryAsk } from './control-client.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import type { DoctorReport } from './json-shapes.ts';
import { refusalOfError, type Answer } from './refusal.ts';

const EXAMPLE = `
Examples:
  import-station doctor
  import-station doctor --account ada@example.com --bucket photo-archive

It changes nothing. As root it sees everything; what it could not look at it calls unknown.
`;

interface Options extends ConfigOption, JsonOption {
  readonly account?: string;
  readonly bucket?: string;
}

/** Adds the command `doctor`. */
export const addDoctorCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('doctor')
    .option('--account <email>', "ask this account's buckets alone; without it, those of all open jobs")
    .option('--bucket <bucket>', 'ask this bucket by the keys of the account')
    .description('look at this host, its services and the buckets, and say what is wrong and what to do')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (options: Options) => {
    context.end(await examine(context, options));
  });
};

const examine = async (context: CliContext, options: Options): Promise<ExitCode> => {
  const read = readConfig(options.config);
  const report = reporterFor('configuration');
  const findings: readonly Finding[] =
    read.kind === 'problem'
      ? read.problems.map((problem) =>
          report.trouble({
            check: 'InvalidConfig',
            level: 'problem',
            what: `${printable(options.config)}: ${formatConfigProblem(problem)}.`,
            todo: 'Correct it, and check the file with `import-station config check`.',
          }),
        )
      : [
          report.ok('Config', `The configuration ${printable(options.config)} is valid.`),
          ...(await examineHost(read.config, { configPath: options.config, storeFile: STORE_FILE }, context.signal)),
          ...(await examineBuckets(context, read.config, options)),
        ];
  const problems = countOf(findings, 'problem');
  const warnings = countOf(findings, 'warning');
  const value: DoctorReport = { findings: [...findings], problems, warnings, unknowns: countOf(findings, 'unknown') };
  print(context, options, value, () => formatFindings(value));
  return problems === 0 ? EXIT_CODES.ok : EXIT_CODES.findings;
};

const countOf = (findings: readonly Finding[], level: Level): number =>
  findings.filter((finding) => finding.level === level).length;

const buckets = reporterFor('buckets');
const services = reporterFor('services');

// Through the daemon alone: the store stays as it is. A refusal is a finding as well.
const examineBuckets = async (
  context: CliContext,
  config: Config,
  { account, bucket }: Options,
): Promise<readonly Finding[]> => {
  const body = { ...(account === undefined ? {} : { account }), ...(bucket === undefined ? {} : { bucket }) };
  const request = { method: 'POST', path: '/bucket-check', body } as const;
  const needs = { config, right: 'operator', needsDaemon: true, request, answer: bucketCheckSchema } as const;
  if (await isHanging(context, config)) {
    return [
      services.trouble({
        check: 'DaemonHangs',
        level: 'problem',
        what: `The daemon listens and has not answered for ${String(PATIENCE_MS / SECOND_MS)} seconds, so no bucket was asked.`,
        todo: 'Look into `journalctl -u import-station`, then run `systemctl restart import-station`; nothing that was loaded is lost.',
      }),
    ];
  }
  const answer = await tryAsk(context, needs).catch(refusedBy);
  if (answer.kind === 'ok') return judgeBuckets(answer.value);
  const { code, happened, actor, todo } = answer.refusal.error;
  const isAsked = account !== undefined;
  return [
    buckets.trouble({
      check: code,
      level: isAsked ? 'problem' : 'unknown',
      what: `No bucket was asked: ${happened}`,
      actor,
      todo,
    }),
  ];
};

const PATIENCE_MS = 10 * SECOND_MS;

// One that listens and says nothing would hold up everything below for minutes.
const isHanging = async (context: CliContext, config: Config): Promise<boolean> => {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const request = { method: 'GET', path: '/healthz' } as const;
  const needs = { config, right: 'read', needsDaemon: true, request, answer: z.unknown() } as const;
  try {
    await tryAsk(context, needs, AbortSignal.any([context.signal, patience]));
    return false;
  } catch (error: unknown) {
    if (!patience.aborted && !(error instanceof StationError)) throw error;
    return patience.aborted;
  }
};

const refusedBy = (error: unknown): Extract<Answer<never>, { readonly kind: 'refused' }> => {
  const refusal = error instanceof StationError ? refusalOfError(error) : undefined;
  if (refusal === undefined) throw error;
  return { kind: 'refused', refusal };
};

const LEVELS: Readonly<Record<Level, string>> = {
  ok: 'ok      ',
  note: 'note    ',
  unknown: 'UNKNOWN ',
  warning: 'WARNING ',
  problem: 'PROBLEM ',
};
const INDENT = ' '.repeat(LEVELS.ok.length);

const formatFindings = ({ findings, problems, warnings, unknowns }: DoctorReport): readonly string[] => {
  const areas = [...new Set(findings.map(({ area }) => area))];
  return [
    ...areas.flatMap((area) => [
      `${area.toUpperCase()}`,
      ...findings.filter((finding) => finding.area === area).flatMap(formatFinding),
      '',
    ]),
    `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}, ${String(unknowns)} not to be seen.`,
  ];
};

const formatFinding = ({ level, what, actor, todo }: DoctorReport['findings'][number]): readonly string[] => [
  `${LEVELS[level]}${shown(what)}`,
  ...(actor === undefined ? [] : [`${INDENT}Who acts:   ${ACTOR_NAMES[actor]}`]),
  ...(todo === undefined ? [] : [`${INDENT}What to do: ${shown(todo)}`]),
];

const counted = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
