// `import-station job create`: makes a job from a manifest.

import type { Command } from 'commander';
import type { z } from 'zod';
import { printable } from '#language/printable.ts';
import { jobCreatedSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import type { ExitCode } from './exit-codes.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { writeLines } from './output.ts';
import { formatDate } from '#language/quantity.ts';
import { readInputFile } from './read-input.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station job create --account ada@example.com --manifest Manifest.txt
`;

interface Options extends ConfigOption, JsonOption {
  readonly account: string;
  readonly manifest: string;
  readonly signingKey?: string;
}

/** Adds the command `job create`. */
export const addJobCreateCommand = (job: Command, context: CliContext): void => {
  const command = job
    .command('create')
    .requiredOption('--account <email>', 'account that the job belongs to')
    .requiredOption('--manifest <file>', 'manifest, kept exactly as it is: it is what the customer signs')
    .option('--signing-key <id>', 'key that verifies the SIGNATURE file, where the manifest names none')
    .description('create a job from a manifest, after its bucket was asked whether it can be written')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (options: Options) => {
    context.end(await createJob(context, options));
  });
};

const createJob = async (context: CliContext, options: Options): Promise<ExitCode> => {
  const manifest = readInputFile(options.manifest);
  if (manifest.kind === 'refused') return refuse(context, manifest.refusal);
  const body = {
    account: options.account,
    manifest: manifest.value.toString('base64'),
    ...(options.signingKey === undefined ? {} : { signingKeyId: options.signingKey }),
  };
  const request = { method: 'POST', path: '/jobs', body } as const;
  const needs = { configPath: options.config, right: 'operator', needsDaemon: false } as const;
  return ask(context, { ...needs, request, answer: jobCreatedSchema }, (created) => {
    print(context, options, created, () => formatCreated(created, options.manifest));
    writeLines(
      context.io.stderr,
      created.warnings.map((warning) => `Note: ${warning}`),
    );
  });
};

const formatCreated = ({ job }: z.infer<typeof jobCreatedSchema>, manifest: string): readonly string[] => [
  `Job ${job.jobId} created; its drive has to arrive before ${formatDate(job.expiresAt)}.`,
  `Import log: ${printable(job.logBucket)}/${printable(job.logKey)}`,
  `The customer now signs: import-station sign --job ${job.jobId} --manifest ${printable(manifest)}`,
];
