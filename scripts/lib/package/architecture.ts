// The architectures that the station is packaged for, in the words of Debian and of npm.

/** An architecture by Debian's name. */
export type Architecture = 'amd64' | 'arm64';

/** All of them, in the order in which they are built. */
export const ARCHITECTURES: readonly Architecture[] = ['amd64', 'arm64'];

const NPM_NAMES: Readonly<Record<Architecture, string>> = { amd64: 'x64', arm64: 'arm64' };

/** The name of npm, and of Node's `process.arch`. */
export const npmNameOf = (architecture: Architecture): string => NPM_NAMES[architecture];

/** Debian's name of what `process.arch` says; the name itself where it is none of ours. */
export const architectureOf = (npmName: string): string =>
  ARCHITECTURES.find((architecture) => NPM_NAMES[architecture] === npmName) ?? npmName;
