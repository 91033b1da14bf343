// `import-station job update`: replaces the manifest of a job that waits for its first file.

import type { Command } from 'commander';
import { printable } from '#language/printable.ts';
import { jobCreatedSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import type { ExitCode } from './exit-codes.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { writeLines } from './output.ts';
import { readInputFile } from './read-input.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station job update 53TX4 --manifest Manifest2.txt --signature SIGNATURE2

The updated manifest loads. The SIGNATURE on the drive stays that of the first manifest, which goes on verifying it.
`;

interface Options extends ConfigOption, JsonOption {
  readonly manifest: string;
  readonly signature: string;
  readonly signingKey?: string;
}

/** Adds the command `job update`. */
export const addJobUpdateCommand = (job: Command, context: CliContext): void => {
  const command = job
    .command('update')
    .argument('<job-id>', 'job ID, in upper or lower case')
    .requiredOption('--manifest <file>', 'updated manifest, kept exactly as it is')
    .requiredOption('--signature <file>', 'SIGNATURE file of the updated manifest for this job')
    .option('--signing-key <id>', 'key that verifies the SIGNATURE file, where the manifest names none')
    .description('replace the manifest of a job, until its first file is sent')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (jobId: string, options: Options) => {
    context.end(await updateJob(context, jobId, options));
  });
};

const updateJob = async (context: CliContext, jobId: string, options: Options): Promise<ExitCode> => {
  const manifest = readInputFile(options.manifest);
  if (manifest.kind === 'refused') return refuse(context, manifest.refusal);
  const signature = readInputFile(options.signature);
  if (signature.kind === 'refused') return refuse(context, signature.refusal);
  const body = {
    manifest: manifest.value.toString('base64'),
    signature: signature.value.toString('base64'),
    ...(options.signingKey === undefined ? {} : { signingKeyId: options.signingKey }),
  };
  const request = { method: 'POST', path: `/jobs/${encodeURIComponent(jobId)}/update`, body } as const;
  const needs = { configPath: options.config, right: 'operator', needsDaemon: true } as const;
  return ask(context, { ...needs, request, answer: jobCreatedSchema }, (updated) => {
    const { job } = updated;
    print(context, options, updated, () => [
      `Job ${job.jobId} updated; its drive keeps the SIGNATURE that it has.`,
      `Import log: ${printable(job.logBucket)}/${printable(job.logKey)}`,
      ...(job.hold === undefined ? [] : [`It is held still: import-station retry ${job.jobId}`]),
    ]);
    writeLines(
      context.io.stderr,
      updated.warnings.map((warning) => `Note: ${warning}`),
    );
  });
};
