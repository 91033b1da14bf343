// `import-station completion`: the script by which a shell completes the commands.

import { Argument, type Command } from 'commander';
import { bashScript } from './completion-bash.ts';
import { fishScript } from './completion-fish.ts';
import { completedCommands, type CompletedCommand } from './completion-tree.ts';
import { zshScript } from './completion-zsh.ts';
import type { CliContext } from './context.ts';

const EXAMPLE = `
Examples:
  import-station completion bash > /usr/share/bash-completion/completions/import-station
  import-station completion zsh > /usr/share/zsh/vendor-completions/_import-station
  import-station completion fish > /usr/share/fish/vendor_completions.d/import-station.fish

A shell that is started afterwards completes commands, options, files and codes, and, while the daemon runs, job IDs,
bays and accounts.
`;

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Readonly<
  Record<string, (commands: readonly CompletedCommand[]) => string>
>;

/** Adds the command `completion`; the scripts know all commands that `program` has when it runs. */
export const addCompletionCommand = (program: Command, context: CliContext): void => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'the shell that completes').choices(Object.keys(SCRIPTS)))
    .description('print the script by which a shell completes these commands')
    .addHelpText('after', EXAMPLE)
    .action((shell: keyof typeof SCRIPTS) => {
      context.io.stdout.write(SCRIPTS[shell](completedCommands(program)));
    });
};
