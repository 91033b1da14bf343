// Programs in Go: the bench's own, built anew for each run from the files in bench/go, and the peers, built once into the
// cache as scripts/minio does with MinIO.

import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A peer, as Go installs it. */
export interface Peer {
  readonly name: 'rclone' | 'mc';
  readonly module: string;
  readonly version: string;
}

/** The peers of the benchmark. */
export const PEERS: Readonly<Record<Peer['name'], Peer>> = {
  rclone: { name: 'rclone', module: 'github.com/rclone/rclone', version: 'v1.76.0' },
  // Its last commit: release tags of this project are no Go versions.
  mc: { name: 'mc', module: 'github.com/minio/mc', version: 'v0.0.0-20250313080218-cf909e1063a9' },
};

const GO_PLACES = ['/usr/local/go/bin/go', '/usr/bin/go'];
const BUILD_DEADLINE_MS = 30 * 60_000;

/** Path of a peer's program, which is built where the cache has none (minutes, once). Errors: no Go here, or no network. */
export const findPeer = async ({ name, module, version }: Peer, say: (line: string) => void): Promise<string> => {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'import-station');
  const binary = join(cache, `${name}-${version}`);
  if (await isProgram(binary)) return binary;
  say(`building ${name} ${version} from source, once: takes some minutes`);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, `${name}-build.`));
  try {
    await go(['install', `${module}@${version}`], { GOBIN: folder });
    // Renamed into place: whoever finds the file finds all of it.
    await rename(join(folder, name), binary);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return binary;
};

/** The bench's own programs in Go. */
export type OwnProgram = 'null-sink' | 'measured-run';

/** Builds one into a folder, and gives its path. */
export const buildOwn = async (name: OwnProgram, folder: string): Promise<string> => {
  const binary = join(folder, name);
  const source = join(import.meta.dirname, 'go', name);
  const files = (await readdir(source)).filter((file) => file.endsWith('.go')).map((file) => join(source, file));
  await go(['build', '-o', binary, ...files], {});
  return binary;
};

const go = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> => {
  const program = await findGo();
  try {
    await run(program, args, {
      env: { ...process.env, GOTOOLCHAIN: 'local', ...env },
      cwd: '/',
      timeout: BUILD_DEADLINE_MS,
      maxBuffer: Number.POSITIVE_INFINITY,
    });
  } catch (error: unknown) {
    throw new Error(`Cannot build with Go: go ${args.join(' ')} failed, expected Go 1.24 or newer and its modules`, {
      cause: error,
    });
  }
};

// sudo's PATH leaves out the folder into which Go's own archive is unpacked.
const findGo = async (): Promise<string> => {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  for (const place of [...folders.map((folder) => join(folder, 'go')), ...GO_PLACES]) {
    if (await isProgram(place)) return place;
  }
  throw new Error('Cannot build the programs of the benchmark: no Go here, expected Go 1.24 or newer');
};

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
