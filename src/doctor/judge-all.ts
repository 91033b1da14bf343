// Everything that is said of a host, area by area: pure, over what the probes saw.

import type { Config } from '#config/contract.ts';
import type { HostFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { judgeDisk, judgeFolders, judgeSecrets } from './judge-files.ts';
import { judgeFileSystems, judgeProgram, judgeTools, judgeUdev, judgeUsers } from './judge-host.ts';
import { judgeClock, judgeServices } from './judge-services.ts';

/** All findings, in the order in which they are shown. */
export const judgeAll = (facts: HostFacts, config: Config, configPath: string): readonly Finding[] => [
  ...judgeProgram(facts),
  ...judgeUsers(facts, config),
  ...judgeFolders(facts, config, configPath),
  ...judgeSecrets(facts, config),
  ...judgeDisk(facts.disk, config.station.stateDir),
  ...judgeFileSystems(facts),
  ...judgeTools(facts),
  ...judgeUdev(facts, config),
  ...judgeServices(facts, config),
  ...judgeClock(facts),
];
