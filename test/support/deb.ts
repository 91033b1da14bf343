// Packages for tests, made by scripts/package as everybody makes them, only pressed lightly.

import { join } from 'node:path';
import { PRODUCT_FOLDER } from './station.ts';
import { run } from './run.ts';

const BUILD_DEADLINE_MS = 240_000;

/** Settings of a build. */
export interface DebOptions {
  /** Folder that the package goes to. */
  readonly out: string;
  readonly architecture?: 'amd64' | 'arm64';
  readonly release?: string;
}

/** Builds a package and gives its path. */
export const buildDeb = async ({ out, architecture, release }: DebOptions): Promise<string> => {
  const stdout = await run(
    join(PRODUCT_FOLDER, 'scripts', 'package'),
    [
      ...['--fast', '--out', out],
      ...(architecture === undefined ? [] : ['--arch', architecture]),
      ...(release === undefined ? [] : ['--release', release]),
    ],
    { deadlineMs: BUILD_DEADLINE_MS },
  );
  return stdout.trim();
};

/** The architecture of this machine by Debian's name. */
export const nativeArchitecture = async (): Promise<'amd64' | 'arm64'> =>
  (await run('dpkg', ['--print-architecture'])).trim() === 'arm64' ? 'arm64' : 'amd64';
