// A launcher for tests: the server in this process, one real launcher process per connection, and a stand-in for the
// loader.

import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import assert from 'node:assert/strict';
import { z } from 'zod';

import { parseConfig } from '#config/read-config.ts';
import { createLaunchServer } from '#launch/launch-server.ts';
import { launchReplySchema, type LaunchReply, type LaunchRequest } from '#protocol/launch.ts';
import type { Plug } from './loop.ts';
import { LOADER_UID, PRODUCT_FOLDER, STATION_UID } from './station.ts';
import { DEADLINE_MS } from './wait.ts';

/** A connection to the launcher, line by line. */
export interface LaunchConnection extends AsyncDisposable {
  readonly socket: Socket;
  /** Writes one line. */
  say(line: string): void;
  /** The next line as JSON; undefined at the end. Errors: nothing within the usual deadline. */
  next(): Promise<unknown>;
}

/** A listening launcher and its folder. */
export interface TestLauncher extends AsyncDisposable {
  readonly folder: string;
  readonly socket: string;
  readonly stateDir: string;
  connect(): Promise<LaunchConnection>;
  /** One request, one answer. */
  ask(request: LaunchRequest): Promise<LaunchReply>;
}

/** Starts a launcher whose bays are these images, under names of their own. Needs root. */
export const startLauncher = async (images: readonly string[]): Promise<TestLauncher> => {
  const folder = await mkdtemp(join(tmpdir(), 'launcher-'));
  const socket = join(folder, 'run', 'launch', 'launch.sock');
  const stateDir = join(folder, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  await writeFile(join(stateDir, 'store-key'), 'secret', { mode: 0o600 });
  const config = launchConfig({ folder, images });
  const productFolder = await makeProduct(join(folder, 'product'));
  const settings = join(folder, 'settings.json');
  await writeFile(settings, JSON.stringify({ config, productFolder }));
  const launchArgs = [join(PRODUCT_FOLDER, 'test', 'fixtures', 'launch-entry.ts'), settings];
  const server = await createLaunchServer({ config, launchArgs });
  return {
    folder,
    socket,
    stateDir,
    connect: () => openConnection(socket),
    ask: async (request) => {
      await using connection = await openConnection(socket);
      connection.say(JSON.stringify(request));
      return launchReplySchema.parse(await connection.next());
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
};

/** A configuration whose run folder is `run` in the given one. */
export const launchConfig = ({
  folder,
  images,
}: {
  readonly folder: string;
  readonly images: readonly string[];
}): LaunchConfig => {
  const bays = images.map(
    (image, index) => `[[bay]]\nname = "Bay ${String(index + 1)}"\nimage = ${JSON.stringify(image)}\n`,
  );
  const ids = `uid = ${String(STATION_UID)}\ngid = ${String(STATION_UID)}`;
  const loaderIds = `loader_uid = ${String(LOADER_UID)}\nloader_gid = ${String(LOADER_UID)}`;
  const places = `state_dir = ${JSON.stringify(join(folder, 'state'))}\nrun_dir = ${JSON.stringify(join(folder, 'run'))}`;
  const text = `[station]\n${ids}\n${places}\n[launch]\n${loaderIds}\n${bays.join('')}`;
  const result = parseConfig(text, { hostName: 'test' });
  if (result.kind === 'problem') throw new Error(JSON.stringify(result.problems));
  return result.config;
};

type LaunchConfig = Extract<ReturnType<typeof parseConfig>, { readonly kind: 'ok' }>['config'];

// A product whose loader is the stand-in.
const makeProduct = async (folder: string): Promise<string> => {
  await mkdir(join(folder, 'src'), { recursive: true });
  await copyFile(join(PRODUCT_FOLDER, 'test', 'fixtures', 'looking-loader.ts'), join(folder, 'src', 'main.ts'));
  await writeFile(join(folder, 'package.json'), await readFile(join(PRODUCT_FOLDER, 'package.json')));
  await symlink(join(PRODUCT_FOLDER, 'node_modules'), join(folder, 'node_modules'));
  return folder;
};

const openConnection = async (path: string): Promise<LaunchConnection> => {
  const socket = connect(path);
  await once(socket, 'connect');
  // The end of a connection shows as the end of its lines.
  socket.on('error', () => undefined);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    socket,
    say: (line) => socket.write(`${line}\n`),
    next: async () => {
      const late = setTimeout(() => socket.destroy(new Error('the launcher says nothing')), DEADLINE_MS);
      const { value, done } = await lines.next();
      clearTimeout(late);
      const message: unknown = done === true ? undefined : JSON.parse(value);
      return message;
    },
    [Symbol.asyncDispose]: async () => {
      if (socket.closed) return;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    },
  };
};

/** Names a plugged drive as a request does. */
export const driveOf = async ({ kernelName }: Plug): Promise<Pick<LaunchRequest, 'kernelName' | 'diskSequence'>> => ({
  kernelName,
  diskSequence: Number(await readFile(`/sys/block/${kernelName}/diskseq`, 'utf8')),
});

/** The line that asks for a loader. */
export const loadRequest = async (drive: Plug, type: string, partitionNumber = 0): Promise<string> =>
  JSON.stringify({ kind: 'load', ...(await driveOf(drive)), partitionNumber, type });

/** Code of a refusal. */
export const problemOf = (reply: LaunchReply): string =>
  reply.kind === 'launch-problem' ? reply.code : `${reply.kind} is no problem`;

/** Sends a line that must be refused, and nothing more said; gives the code. */
export const refusalOf = async (launcher: TestLauncher, line: string): Promise<string> => {
  await using connection = await launcher.connect();
  connection.say(line);
  const reply = await connection.next();
  assert.equal(await connection.next(), undefined, 'nothing follows a refusal');
  return z.object({ kind: z.literal('launch-problem'), code: z.string() }).parse(reply).code;
};
