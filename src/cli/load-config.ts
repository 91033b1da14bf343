// The configuration for a command that needs it.

import type { Config, ConfigProblem } from '#config/contract.ts';
import { formatConfigProblem, readConfig } from '#config/read-config.ts';
import { refused, type Answer } from './refusal.ts';

/** Reads the configuration, or refuses with all its findings. */
export const loadConfig = (path: string): Answer<Config> => {
  const read = readConfig(path);
  return read.kind === 'ok' ? { kind: 'ok', value: read.config } : refusedConfig(path, read.problems);
};

/** The refusal for a configuration with findings. */
export const refusedConfig = (
  path: string,
  findings: readonly ConfigProblem[],
): Extract<Answer<never>, { kind: 'refused' }> => {
  const problems = findings.map((finding) => ({ code: 'InvalidConfig', message: formatConfigProblem(finding) }));
  const message = findings.length === 1 ? '1 finding' : `${String(findings.length)} findings`;
  return refused('InvalidConfig', { file: path, message }, problems);
};
