// A Debian of its own in a folder, made by mmdebstrap from the sources that the machine's apt has, and programs that run
// in it: without a network, and with mounts that end with them.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRODUCT_FOLDER } from './station.ts';
import { run, tryRun, type RunOptions, type RunResult } from './run.ts';

const MAKE_DEADLINE_MS = 240_000;
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';
const ENVIRONMENT: readonly string[] = [
  'env',
  '-i',
  'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
  'DEBIAN_FRONTEND=noninteractive',
];

// $1 the folder; the rest is the program. Everything is mounted in a namespace of its own.
const ENTER = `
  root=$1
  shift
  mount --rbind /proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  exec chroot "$root" "$@"
`;

/** A root file system of Debian. */
export interface DebianRoot {
  readonly folder: string;
  /** Runs a program in it to its end, as root. */
  tryRun(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs a program that must end with 0, and gives its stdout. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a program that goes on; its streams are pipes. */
  start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess;
}

/** Names of the packages that packaging/control asks for, without their versions. */
export const neededPackages = async (): Promise<readonly string[]> => {
  const control = await readFile(join(PRODUCT_FOLDER, 'packaging', 'control'), 'utf8');
  const names = /^Depends: (?<names>.*)$/mu.exec(control)?.groups?.['names'] ?? '';
  return names.split(', ').map((name) => name.replace(/ .*/u, ''));
};

/** Makes the smallest Debian that has these packages, in a folder that does not exist yet. */
export const makeDebianRoot = async (folder: string, packages: readonly string[]): Promise<DebianRoot> => {
  const sources = await sourcesOfHost();
  const proxies = await run('apt-config', ['dump', '--format', '%F "%v";%n', 'Acquire::http::Proxy']);
  await run(
    'mmdebstrap',
    [
      ...['--mode=root', '--variant=minbase', '--quiet', `--include=${packages.join(',')}`],
      ...(existsSync(KEYS) ? [`--keyring=${KEYS}`] : []),
      ...['--aptopt=APT::Install-Recommends "false"', '--dpkgopt=force-unsafe-io'],
      ...proxies.split('\n').flatMap((line) => (line.includes('"";') || line === '' ? [] : [`--aptopt=${line}`])),
      ...[sources.codename, folder, '-'],
    ],
    { input: sources.lines.join('\n'), deadlineMs: MAKE_DEADLINE_MS },
  );
  return debianRootAt(folder);
};

const debianRootAt = (folder: string): DebianRoot => {
  const commandOf = (program: string, args: readonly string[], env: readonly string[] = []): readonly string[] => [
    ...['--mount', '--propagation', 'private', '--net', '--', 'sh', '-ec', ENTER, 'sh', folder],
    ...[...ENVIRONMENT, ...env, program, ...args],
  ];
  const root: DebianRoot = {
    folder,
    tryRun: (program, args, options) => tryRun('unshare', commandOf(program, args), options),
    run: (program, args, options) => run('unshare', commandOf(program, args), options),
    start: (program, args, env) => {
      const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      return spawn('unshare', commandOf(program, args, assignments), { stdio: ['ignore', 'pipe', 'pipe'] });
    },
  };
  return root;
};

interface Sources {
  readonly codename: string;
  /** As for sources.list(5). */
  readonly lines: readonly string[];
}

// What apt itself has made of the machine's sources; other makers' packages are left out.
const sourcesOfHost = async (): Promise<Sources> => {
  const read = async (): Promise<readonly string[]> => {
    const format = '$(CODENAME) $(REPO_URI) $(RELEASE) $(COMPONENT)';
    const text = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages', 'Origin: Debian']);
    return text.split('\n').filter((line) => line !== '');
  };
  let targets = await read();
  if (targets.length === 0) {
    // Only a list that was fetched says whose it is.
    await run('apt-get', ['update', '-q'], { deadlineMs: MAKE_DEADLINE_MS });
    targets = await read();
  }
  const [first] = targets;
  if (first === undefined) throw new Error("This machine's apt has no source of Debian, expected one in /etc/apt");
  return {
    codename: first.split(' ')[0] ?? '',
    lines: [...new Set(targets)].map((line) => `deb ${line.slice(line.indexOf(' ') + 1)}`),
  };
};
