// Makes the manual pages: import-station(8) out of the commands, import-station.toml(5) out of the schema of the
// configuration. `node scripts/lib/man-pages.ts` writes them to docs/man; a test compares them with what they are made of.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configPage } from './man-config.ts';
import { stationPage } from './man-station.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'docs', 'man');
// Of the last change to the words, which no file tells: a checkout has its own times.
const DATE = '2026-11-25';

/** The pages by the names of their files. */
export const manPages = (): ReadonlyMap<string, string> => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { version } = z.object({ version: z.string() }).parse(manifest);
  const facts = { date: DATE, source: `import-station ${version}` };
  return new Map([
    ['import-station.8', stationPage(facts)],
    ['import-station.toml.5', configPage(facts)],
  ]);
};

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of manPages()) writeFileSync(join(FOLDER, name), text);
}
