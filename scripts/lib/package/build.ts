// Builds the Debian packages: the second half of scripts/package, which has set everything up.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, architectureOf, type Architecture } from './architecture.ts';
import { buildArchive } from './archive.ts';
import { formatChangelog } from './changelog.ts';
import { addDocuments, addProduct, type Staging } from './stage.ts';
import { sourceTime, valueOf } from './tools.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const VERSION = /^\d[0-9A-Za-z.+~]*$/u;

/** The Debian revision: the packaging changes with the product. */
const REVISION = '1';

interface Order {
  readonly work: string;
  readonly out: string;
  readonly release: string;
  readonly isFast: boolean;
}

const say = (text: string): void => {
  process.stderr.write(`package: ${text}\n`);
};

const main = (): number => {
  const { values } = parseArgs({
    options: {
      work: { type: 'string' },
      arch: { type: 'string', default: architectureOf(process.arch) },
      out: { type: 'string', default: '.' },
      release: { type: 'string' },
      fast: { type: 'boolean', default: false },
    },
  });
  const release = values.release ?? versionOf(join(ROOT, 'package.json'));
  const architectures = ARCHITECTURES.filter((name) => values.arch === 'all' || values.arch === name);
  if (values.work === undefined || architectures.length === 0 || !VERSION.test(release)) {
    say('expected --arch amd64, arm64 or all, and a --release such as 1.2.0; see scripts/package --help');
    return EXIT_USAGE;
  }
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  for (const architecture of architectures) {
    process.stdout.write(`${build(architecture, { work: values.work, out, release, isFast: values.fast })}\n`);
  }
  return 0;
};

const build = (architecture: Architecture, { work, out, release, isFast }: Order): string => {
  const epoch = sourceTime(ROOT);
  const version = `${release}-${REVISION}`;
  const staging: Staging = { source: ROOT, tree: join(work, architecture), architecture, release };
  say(`gathering the product for ${architecture}`);
  addProduct(staging);
  addDocuments(staging, formatChangelog(readFileSync(join(ROOT, 'README.md'), 'utf8'), { version, epoch }));
  say('packing it');
  const path = buildArchive(staging, { version, epoch, out, isFast });
  rmSync(staging.tree, { recursive: true });
  return path;
};

const versionOf = (path: string): string => String(valueOf(JSON.parse(readFileSync(path, 'utf8')), 'version'));

try {
  process.exitCode = main();
} catch (error: unknown) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = EXIT_FAILED;
}
