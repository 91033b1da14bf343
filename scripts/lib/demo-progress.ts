// Shows the progress of the demo's one bay: reads what `status --watch --json` writes, until the load is over.
// Ends with 0 where the drive may be taken out, with 1 where the bay waits for a person.

import { createInterface } from 'node:readline';
import { statusSchema, type BayStatus } from '#protocol/control.ts';

const BAR_WIDTH = 32;
const MIB = 1024 * 1024;
const EXIT_HOLD = 1;
const EXIT_NO_END = 2;

const isTerminal = process.stdout.isTTY;

const formatLine = ({ activity, says, progress }: BayStatus): string => {
  if (progress === undefined || activity === 'done') return says;
  const { found, finished, walkEnded, bytesPerSecond, sentBytes } = progress;
  const share = found.bytes === 0 ? 0 : Math.min(1, Math.max(finished.bytes, sentBytes) / found.bytes);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}`;
  const files = `${String(finished.files)} of ${walkEnded ? '' : 'at least '}${String(found.files)} files`;
  return `${activity} [${bar}] ${files}, ${(sentBytes / MIB).toFixed(1)} MiB sent, ${(bytesPerSecond / MIB).toFixed(1)} MiB/s`;
};

let last = '';
const show = (line: string): void => {
  if (line === last) return;
  last = line;
  process.stdout.write(isTerminal ? `\r${line}\u001b[K` : `${line}\n`);
};

const watch = async (): Promise<number> => {
  for await (const line of createInterface({ input: process.stdin })) {
    const [bay] = statusSchema.parse(JSON.parse(line)).bays;
    if (bay === undefined) continue;
    show(formatLine(bay));
    if (bay.hold !== undefined) {
      show(`${bay.hold.code}: ${bay.hold.happened} ${bay.hold.todo}`);
      return EXIT_HOLD;
    }
    if (bay.activity === 'done') return 0;
  }
  return EXIT_NO_END;
};

process.exitCode = await watch();
// An open pipe would keep this process waiting for more.
process.stdin.destroy();
if (isTerminal) process.stdout.write('\n');
