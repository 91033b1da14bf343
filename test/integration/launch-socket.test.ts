// The launcher's socket lies in a folder of the daemon's user, who may put anything in its place at any moment.

import assert from 'node:assert/strict';
import { chown, lstat, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { createLaunchServer } from '#launch/launch-server.ts';
import { listenPrivately, openSocketFolder } from '#launch/launch-socket.ts';
import { launchConfig } from '../support/launcher.ts';
import { STATION_UID } from '../support/station.ts';

const makeFolder = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'launch-socket-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'roots'));
  return folder;
};

// What the daemon's user does: the socket's folder becomes a link to one of root's.
const exchange = async (socket: string, target: string): Promise<void> => {
  await rename(dirname(socket), `${dirname(socket)}-moved`);
  await symlink(target, dirname(socket));
};

test('listenPrivately: makes no socket in a folder of root that was put in the place of its own', async (t) => {
  const folder = await makeFolder(t);
  const config = launchConfig({ folder, images: [] });
  const server = createServer().unref();
  {
    await using socketFolder = await openSocketFolder(config);
    await exchange(config.launch.socket, join(folder, 'roots'));

    await listenPrivately(server, socketFolder, config);

    assert.deepEqual(await readdir(join(folder, 'roots')), []);
    const socket = await lstat(`${dirname(config.launch.socket)}-moved/launch.sock`);
    assert.deepEqual([socket.uid, socket.mode & 0o777], [STATION_UID, 0o600]);
    await new Promise((resolve) => server.close(resolve));
  }
  assert.deepEqual(await readdir(`${dirname(config.launch.socket)}-moved`), []);
});

test('createLaunchServer: removes at its end no file of root that was put in the place of its socket', async (t) => {
  const folder = await makeFolder(t);
  const config = launchConfig({ folder, images: [] });
  await writeFile(join(folder, 'roots', 'launch.sock'), 'of root');
  const server = await createLaunchServer({ config, launchArgs: [] });
  await exchange(config.launch.socket, join(folder, 'roots'));

  await server[Symbol.asyncDispose]();

  assert.deepEqual(await readdir(join(folder, 'roots')), ['launch.sock']);
});

test('openSocketFolder: takes no link for the socket’s folder or for the run folder', async (t) => {
  const folder = await makeFolder(t);
  const config = launchConfig({ folder, images: [] });
  await mkdir(config.station.runDir);
  await symlink(join(folder, 'roots'), dirname(config.launch.socket));

  await assert.rejects(openSocketFolder(config), { code: 'LauncherFolder', message: /run\/launch for the launcher/u });

  await rm(config.station.runDir, { recursive: true });
  await symlink(join(folder, 'roots'), config.station.runDir);
  await assert.rejects(openSocketFolder(config), { code: 'LauncherFolder' });
  assert.deepEqual(await readdir(join(folder, 'roots')), []);
  assert.equal((await lstat(join(folder, 'roots'))).uid, 0);
});

test('createLaunchServer: takes the place of a socket that nobody listens on, and of nothing else', async (t) => {
  const folder = await makeFolder(t);
  const config = launchConfig({ folder, images: [] });
  const { socket } = config.launch;
  {
    await using first = await createLaunchServer({ config, launchArgs: [] });
    assert.ok(first);
    await assert.rejects(createLaunchServer({ config, launchArgs: [] }), { code: 'LauncherRuns' });
    await rename(socket, `${socket}-left`);
  }
  await rename(`${socket}-left`, socket);
  await chown(socket, STATION_UID, STATION_UID);
  {
    await using second = await createLaunchServer({ config, launchArgs: [] });
    assert.ok(second);
    assert.equal((await lstat(socket)).uid, STATION_UID);
  }
  await writeFile(socket, '');
  await assert.rejects(createLaunchServer({ config, launchArgs: [] }), { code: 'LauncherFolder' });
});
