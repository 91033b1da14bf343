// A station host from end to end: what was found, area by area.

import type { Config } from '#config/contract.ts';
import type { Finding } from './finding.ts';
import { judgeDisk, judgeFolders, judgeSecrets } from './judge-files.ts';
import { judgeFileSystems, judgeProgram, judgeTools, judgeUdev, judgeUsers } from './judge-host.ts';
import { judgeClock, judgeServices } from './judge-services.ts';
import { probeHost, type ProbePaths } from './probe-host.ts';

/** Looks at the host and judges it. Errors: the signal's reason. */
export const examineHost = async (
  config: Config,
  paths: ProbePaths,
  signal: AbortSignal,
): Promise<readonly Finding[]> => {
  const facts = await probeHost(config, paths, signal);
  return [
    ...judgeProgram(facts),
    ...judgeUsers(facts, config),
    ...judgeFolders(facts, config, paths.configPath),
    ...judgeSecrets(facts, config),
    ...judgeDisk(facts.disk, config.station.stateDir),
    ...judgeFileSystems(facts),
    ...judgeTools(facts),
    ...judgeUdev(facts, config),
    ...judgeServices(facts, config),
    ...judgeClock(facts),
  ];
};
