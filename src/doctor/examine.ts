// A station host from end to end: looked at, then judged.

import type { Config } from '#config/contract.ts';
import type { Finding } from './finding.ts';
import { judgeAll } from './judge-all.ts';
import { probeHost, type ProbePaths } from './probe-host.ts';

/** Looks at the host and judges it. Errors: the signal's reason. */
export const examineHost = async (
  config: Config,
  paths: ProbePaths,
  signal: AbortSignal,
): Promise<readonly Finding[]> => judgeAll(await probeHost(config, paths, signal), config, paths.configPath);
