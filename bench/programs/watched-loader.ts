// The loader on a folder, watched: how long its event loop was blocked at most goes to a file, in milliseconds.
// Arguments: folder, file.

import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { runLoader } from '#load/loader.ts';

// Loaded before it counts: a loader loads it once it has its order, whatever the drive is like.
await import('#load/run-load.ts');

const [root = '', path = ''] = process.argv.slice(2);
const NANOSECONDS_PER_MS = 1e6;
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
process.on('exit', () => {
  writeFileSync(path, String(delays.max / NANOSECONDS_PER_MS));
});
process.exitCode = await runLoader({ input: process.stdin, output: process.stdout, root });
