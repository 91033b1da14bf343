// A drive that stops answering: its image lies in a file system in user space whose server a test can stop.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { MIB } from '#language/units.ts';
import { makeImage } from './loop.ts';
import { tryRun } from './run.ts';
import { until } from './wait.ts';

/** A folder whose files can be made to hang. */
export interface Shelf extends AsyncDisposable {
  readonly folder: string;
  /** Mounts it anew: nothing of its files is in the host's memory after that. */
  forget(): Promise<void>;
  /** From now on reads do not return. */
  fallSilent(): void;
  /** They return again. */
  answer(): void;
  /** They fail from now on, those that hang too. */
  die(): void;
}

/** Makes one in `place`, with room for that many bytes. */
export const openShelf = async (place: string, sizeBytes: number): Promise<Shelf> => {
  const folder = join(place, 'shelf');
  await mkdir(folder, { recursive: true });
  const image = await makeImage({ path: join(place, 'shelf.img'), fsType: 'ntfs', sizeBytes: sizeBytes + 16 * MIB });
  let server = await mount(image, folder);
  const unmount = async (): Promise<void> => {
    server.kill('SIGCONT');
    // A server that is dead leaves its mount.
    await tryRun('umount', ['--lazy', folder]);
    await server.exited;
  };
  return {
    folder,
    forget: async () => {
      await unmount();
      server = await mount(image, folder);
    },
    fallSilent: () => {
      server.kill('SIGSTOP');
    },
    answer: () => {
      server.kill('SIGCONT');
    },
    die: () => {
      server.kill('SIGKILL');
    },
    [Symbol.asyncDispose]: unmount,
  };
};

interface Server {
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<unknown>;
}

const mount = async (image: string, folder: string): Promise<Server> => {
  // setpriv: a test that is killed takes the server along, and nothing hangs for ever.
  const options = ['--pdeathsig', 'KILL', '--', 'ntfs-3g', '-o', 'no_detach', image, folder];
  const child = spawn('setpriv', options, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`ntfs-3g ended with ${String(child.exitCode)}`);
      return (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${folder} `);
    },
    { what: `${folder} is mounted` },
  );
  return {
    kill: (signal) => {
      child.kill(signal);
    },
    exited,
  };
};
