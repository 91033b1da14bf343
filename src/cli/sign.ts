// `import-station sign`: writes the SIGNATURE file that belongs into the top folder of the drive. For the customer: it
// needs neither a station nor its configuration.

import { join } from 'node:path';
import type { Command } from 'commander';
import { parseJobId } from '#job/job-id.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import { computeSignature, formatSignatureFile, type SigningOptions } from '#job/signature.ts';
import { printable } from '#language/printable.ts';
import { refusedManifest } from './check-manifest.ts';
import type { CliContext } from './context.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { writeLines } from './output.ts';
import { readInputFile, readSecret } from './read-input.ts';
import { refuse, refused, type Answer } from './refusal.ts';
import { writeOutputFile } from './write-output-file.ts';

const EXAMPLE = `
Example:
  import-station sign --job 53TX4 --manifest Manifest.txt --secret-file ada.secret --out /media/ada/drive
`;

const FILE_NAME = 'SIGNATURE';

interface Options {
  readonly job: string;
  readonly manifest: string;
  readonly secretFile?: string;
  readonly out: string;
}

/** Adds the command `sign`. */
export const addSignCommand = (program: Command, context: CliContext): void => {
  program
    .command('sign')
    .requiredOption('--job <job-id>', 'job ID, in upper or lower case')
    .requiredOption('--manifest <file>', 'the manifest that the job was made from, byte for byte')
    .option('--secret-file <file>', 'file with the secret access key; asked for at a terminal where not given')
    .option('--out <folder>', 'where SIGNATURE is written: the top folder of the drive', '.')
    .description('write the SIGNATURE file for a drive')
    .addHelpText('after', EXAMPLE)
    .action(async (options: Options) => {
      context.end(await sign(context, options));
    });
};

const sign = async (context: CliContext, options: Options): Promise<ExitCode> => {
  const jobId = parseJobId(options.job);
  if (jobId === undefined) return refuse(context, refused('InvalidJobId', { jobId: options.job }).refusal);
  const manifest = readInputFile(options.manifest);
  if (manifest.kind === 'refused') return refuse(context, manifest.refusal);
  const secret = await readSecret(context, {
    path: options.secretFile,
    prompt: 'Secret access key',
    option: '--secret-file',
  });
  if (secret.kind === 'refused') return refuse(context, secret.refusal);
  const content = signatureFile({ jobId, manifest: manifest.value, secret: secret.value });
  if (content.kind === 'refused') return refuse(context, content.refusal);
  const path = join(options.out, FILE_NAME);
  const written = writeOutputFile(path, content.value);
  if (written.kind === 'refused') return refuse(context, written.refusal);
  writeLines(context.io.stderr, [`Wrote ${printable(path)} for job ${jobId}.`]);
  return EXIT_CODES.ok;
};

const signatureFile = (signing: SigningOptions): Answer<Uint8Array> => {
  const parsed = parseManifest(signing.manifest);
  if (parsed.kind === 'problem') return refusedManifest([...parsed.problems]);
  const version = parsed.manifest.majorVersion === 1 ? '1.0' : '2.0';
  const signature = computeSignature(signing);
  return { kind: 'ok', value: formatSignatureFile({ version, jobId: signing.jobId, signature }) };
};
