// The threads of the process that runs the tests.

import { readdirSync, readFileSync } from 'node:fs';

/** How many threads of Node's it has, as the kernel has them: Node counts none that holds no process back. */
export const threadsNow = (): number =>
  readdirSync('/proc/self/task').filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8') === 'WorkerThread\n';
    } catch {
      return false;
    }
  }).length;
