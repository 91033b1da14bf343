// The option `--config`, the same for every command that needs the configuration.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** What the option gives. */
export interface ConfigOption {
  /** Path of the configuration. */
  readonly config: string;
}

/** Adds `--config FILE` with its default to a command. */
export const addConfigOption = (command: Command, context: CliContext): Command =>
  command.option('--config <file>', 'configuration of the station', context.defaultConfigPath);
