// `import-station manifest ...`: the group of the manifest commands.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { addManifestCheckCommand } from './manifest-check.ts';

const EXAMPLE = `
Example:
  import-station manifest check Manifest.txt
`;

/** Adds the group `manifest` with its commands. */
export const addManifestCommands = (program: Command, context: CliContext): void => {
  const manifest = program.command('manifest').description('manifests of jobs').addHelpText('after', EXAMPLE);
  addManifestCheckCommand(manifest, context);
};
