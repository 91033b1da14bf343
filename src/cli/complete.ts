// `import-station complete`: words that only the station knows, one a line, for the scripts that complete commands. Nobody
// types it, so it is no part of the help. It says nothing where it cannot answer: whoever presses TAB wants no message.
//
// INVARIANTS
//   A word is printable and on one line: it can steer no terminal and be taken for no other word. The scripts quote it
//   for their shell.
//   The end comes soon, whatever the daemon does.

import { Writable } from 'node:stream';
import { Argument, type Command } from 'commander';
import { parseJobId } from '#job/job-id.ts';
import { printable } from '#language/printable.ts';
import { statusSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { withControl, type Call } from './control-client.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { accountListSchema, jobListSchema } from './json-shapes.ts';
import { writeLines } from './output.ts';
import type { Answer } from './refusal.ts';

/** The lists of the station; `targets` are bays and jobs. */
const STATION_LISTS = ['jobs', 'bays', 'targets', 'accounts'] as const;

/** One of the lists. */
export type StationList = (typeof STATION_LISTS)[number];

// A person waits; with the start of the command it is about a second.
const ANSWER_TIMEOUT_MS = 700;

/** Adds the hidden command `complete`. */
export const addCompleteCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('complete', { hidden: true })
    .addArgument(new Argument('<list>', 'which words').choices(STATION_LISTS))
    .description('print the words of the station that a shell may complete');
  addConfigOption(command, context).action(async (list: StationList, options: ConfigOption) => {
    writeLines(context.io.stdout, await listWords(context, options.config, list));
    context.end(EXIT_CODES.ok);
  });
};

const listWords = async (context: CliContext, configPath: string, list: StationList): Promise<readonly string[]> => {
  const stderr = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const limit = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const silent = { ...context, io: { ...context.io, stderr }, signal: AbortSignal.any([context.signal, limit]) };
  const needs = { configPath, right: 'read', needsDaemon: true } as const;
  let words: readonly string[] = [];
  try {
    await withControl(silent, needs, async (call) => {
      words = await LISTS[list](call);
      return EXIT_CODES.ok;
    });
  } catch (error: unknown) {
    // A daemon that is slow, ends or floods is as good as none here.
    if (!(error instanceof Error)) throw error;
  }
  return words.filter((word) => word !== '' && word === printable(word));
};

const jobWords = async (call: Call): Promise<readonly string[]> => {
  const answer = await call({ method: 'GET', path: '/jobs' }, jobListSchema);
  return valueOf(answer, ({ jobs }) => jobs.map(({ jobId }) => jobId).filter((id) => parseJobId(id) !== undefined));
};

const bayWords = async (call: Call): Promise<readonly string[]> => {
  const answer = await call({ method: 'GET', path: '/status' }, statusSchema);
  return valueOf(answer, ({ bays }) => bays.map(({ bay }) => bay));
};

const accountWords = async (call: Call): Promise<readonly string[]> => {
  const answer = await call({ method: 'GET', path: '/accounts' }, accountListSchema);
  return valueOf(answer, ({ accounts }) => accounts.map(({ email }) => email));
};

const targetWords = async (call: Call): Promise<readonly string[]> =>
  (await Promise.all([bayWords(call), jobWords(call)])).flat();

const LISTS: Readonly<Record<StationList, (call: Call) => Promise<readonly string[]>>> = {
  jobs: jobWords,
  bays: bayWords,
  targets: targetWords,
  accounts: accountWords,
};

const valueOf = <Value>(answer: Answer<Value>, words: (value: Value) => readonly string[]): readonly string[] =>
  answer.kind === 'ok' ? words(answer.value) : [];
