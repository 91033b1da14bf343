// `import-station manifest check`: every finding of a manifest at once, as job creation would report it, without
// asking a bucket. For customers too: it needs no station.

import type { Command } from 'commander';
import { readConfig } from '#config/read-config.ts';
import { printable } from '#language/printable.ts';
import { checkManifest, refusedManifest } from './check-manifest.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { writeLines } from './output.ts';
import { readInputFile } from './read-input.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station manifest check Manifest.txt
`;

type Options = ConfigOption & JsonOption;

/** Adds the command `manifest check`. */
export const addManifestCheckCommand = (manifest: Command, context: CliContext): void => {
  const command = manifest
    .command('check')
    .argument('<file>', 'manifest to check')
    .description('check a manifest and report everything that is wrong with it, by field and line')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action((file: string, options: Options) => {
    context.end(checkFile(context, file, options));
  });
};

const checkFile = (context: CliContext, file: string, options: Options): ExitCode => {
  const bytes = readInputFile(file);
  if (bytes.kind === 'refused') return refuse(context, bytes.refusal);
  const check = checkManifest(bytes.value, facilityCountry(options.config));
  const exitCode = check.valid ? EXIT_CODES.ok : EXIT_CODES.findings;
  if (options.json === true) {
    print(context, options, check, () => []);
    return exitCode;
  }
  writeLines(
    context.io.stderr,
    check.warnings.map((warning) => `Note: ${warning}`),
  );
  if (!check.valid) return refuse(context, refusedManifest(check.problems).refusal);
  writeLines(context.io.stdout, [`${printable(file)}: the manifest is valid.`]);
  return exitCode;
};

// Only a station knows where its drives go back to; a customer's computer has no configuration.
const facilityCountry = (configPath: string): string | undefined => {
  const read = readConfig(configPath);
  return read.kind === 'ok' ? read.config.jobs.facilityCountry : undefined;
};
