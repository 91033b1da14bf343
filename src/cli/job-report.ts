// `import-station job report`: says again what the import log of a job said.

import type { Command } from 'commander';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { printable } from '#language/printable.ts';
import { formatCount, formatFiles, formatSize } from '#language/quantity.ts';
import { shown } from '#language/shown.ts';
import { rowNoticeOf } from '#notice/catalogue.ts';
import { jobReportSchema, type JobReport } from '#protocol/reports.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask, receiveText } from './control-client.ts';
import type { ExitCode } from './exit-codes.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { formatFields } from './output.ts';

const EXAMPLE = `
Examples:
  import-station job report 53TX4
  import-station job report 53TX4 --failed > failed.csv

While a load runs it tells what stands in the log so far.
`;

interface Options extends ConfigOption, JsonOption {
  readonly failed?: boolean;
  readonly log?: boolean;
}

/** Adds the command `job report`. */
export const addJobReportCommand = (job: Command, context: CliContext): void => {
  const command = job
    .command('report')
    .argument('<job-id>', 'job ID, in upper or lower case')
    .option('--failed', 'the rows of all files that failed, as CSV')
    .option('--log', 'all rows, as CSV: the import log as it lies in the bucket')
    .description('say again what the import log of a job says: counts, and which files failed')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (jobId: string, options: Options) => {
    context.end(await (options.failed === true || options.log === true ? rows : summary)(context, jobId, options));
  });
};

const needsOf = ({
  config,
}: Options): { readonly configPath: string; readonly right: 'read'; readonly needsDaemon: true } => ({
  configPath: config,
  right: 'read',
  needsDaemon: true,
});

const summary = (context: CliContext, jobId: string, options: Options): Promise<ExitCode> => {
  const request = { method: 'GET', path: `/jobs/${encodeURIComponent(jobId)}/report` } as const;
  return ask(context, { ...needsOf(options), request, answer: jobReportSchema }, (report) => {
    print(context, options, report, () => formatReport(report));
  });
};

const rows = (context: CliContext, jobId: string, options: Options): Promise<ExitCode> => {
  const what = options.log === true ? 'log' : 'log/failed';
  const request = { method: 'GET', path: `/jobs/${encodeURIComponent(jobId)}/${what}` } as const;
  const { stdout } = context.io;
  return receiveText(context, { ...needsOf(options), request }, async (bytes) => {
    // A name on a drive must not speak to a terminal; a file gets every byte as it is.
    await pipeline(stdout.isTTY === true ? safe(bytes) : bytes, stdout, { end: false });
  });
};

async function* safe(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const line of createInterface({ input: Readable.from(bytes), crlfDelay: Infinity })) {
    yield `${printable(line)}\n`;
  }
}

const formatReport = (report: JobReport): readonly string[] => {
  const { failed, firstFailed, isFinal, walkIsComplete } = report;
  return [
    ...formatFields([
      ['Job', report.jobId],
      ['Status', shown(report.state.job)],
      ['Loaded', tallyText(report.loaded)],
      ['Ignored', tallyText(report.ignored)],
      ['Failed', tallyText(failed)],
      ['Second reading', rereadText(report)],
      ['Import log', `${shown(report.logAddress)}${isFinal ? '' : ' (once the load has ended)'}`],
      ['Log as URL', isFinal ? shown(report.logUrl) : undefined],
    ]),
    ...(isFinal ? [] : ['The load has not ended: this is what stands in the log so far.']),
    ...(isFinal && !walkIsComplete ? ['The walk over the drive was not complete: it may have more files.'] : []),
    ...formatCodes(report),
    ...(firstFailed.length === 0 ? [] : ['', headOf(failed.files, firstFailed.length)]),
    ...firstFailed.map(({ file, code }) => `  ${shown(code)} ${shown(file)}`),
  ];
};

const headOf = (all: number, listed: number): string =>
  all === listed ? 'Failed files:' : `The first ${formatCount(listed)} failed files; --failed gives all:`;

const formatCodes = ({ failedByCode }: JobReport): readonly string[] => {
  const codes = Object.entries(failedByCode);
  return codes.flatMap(([code, files]) => {
    const { happened, todo } = rowNoticeOf(code);
    return ['', `${formatFiles(files)} ${shown(code)}: ${happened}`, `  ${todo}`];
  });
};

const rereadText = ({ secondReading, isFinal }: JobReport): string => {
  if (secondReading === undefined) return isFinal ? 'not done' : 'not done so far';
  const { agreeing, differing } = secondReading;
  return `done, ${formatFiles(agreeing)} agreeing${differing === 0 ? '' : `, ${formatFiles(differing)} not`}`;
};

const tallyText = ({ files, bytes }: JobReport['loaded']): string => `${formatFiles(files)}, ${formatSize(bytes)}`;
