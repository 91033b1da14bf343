// The connections of the hot lane, against a server that says what a test wants.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createHttpPool, type HttpPool } from '#bucket/http-pool.ts';

const never = new AbortController().signal;
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const GET = { head: 'PUT / HTTP/1.1\r\ncontent-length: 0\r\n\r\n', body: new Uint8Array(0) };

interface Scene {
  readonly pool: HttpPool;
  /** In the order in which they came. */
  readonly sockets: readonly Socket[];
}

const openPool = async (t: TestContext, serve: (socket: Socket) => void, maxConnections = 256): Promise<Scene> => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pool = createHttpPool({ isEncrypted: false, hostname: '127.0.0.1', port }, maxConnections);
  t.after(async () => {
    pool[Symbol.dispose]();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { pool, sockets };
};

const answering =
  (answer: string): ((socket: Socket) => void) =>
  (socket) => {
    socket.on('data', () => socket.write(answer));
  };

const get = (pool: HttpPool, signal = never) => pool.send(() => GET, signal);

test('send: uses one connection for one request after another', async (t) => {
  const { pool, sockets } = await openPool(t, answering(OK));

  for (let count = 0; count < 5; count += 1) assert.equal((await get(pool)).status, 200);

  assert.equal(sockets.length, 1);
});

test('send: opens no more connections than it may, and loses no request', async (t) => {
  const { pool, sockets } = await openPool(t, answering(OK), 3);

  const answers = await Promise.all(Array.from({ length: 50 }, () => get(pool)));

  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(sockets.length, 3);
});

test('send: goes on with those that wait, when connections break', async (t) => {
  let count = 0;
  const { pool } = await openPool(
    t,
    (socket) => {
      count += 1;
      if (count % 2 === 1) socket.once('data', () => socket.destroy());
      else answering(OK)(socket);
    },
    2,
  );

  const said = await Promise.allSettled(Array.from({ length: 20 }, () => get(pool)));

  const failed = said.filter(({ status }) => status === 'rejected');
  assert.ok(failed.length > 0 && failed.length < 20, String(failed.length));
});

test('send: opens another connection, when the answer says that this one closes', async (t) => {
  const { pool, sockets } = await openPool(
    t,
    answering('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
  );

  await get(pool);
  await get(pool);

  assert.equal(sockets.length, 2);
});

test('send: does not take for an answer what came before it was asked', async (t) => {
  const { pool, sockets } = await openPool(t, answering(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfalse`));

  const first = await get(pool);
  const second = await get(pool);

  assert.deepEqual([first.body, second.body], ['', '']);
  assert.equal(sockets.length, 2);
});

test('send: ends with the reason of its signal, and takes the connection with it', async (t) => {
  const { pool, sockets } = await openPool(t, () => undefined);
  const controller = new AbortController();
  const reason = new Error('enough');

  const sending = get(pool, controller.signal);
  setImmediate(() => {
    controller.abort(reason);
  });

  await assert.rejects(sending, reason);
  await assert.rejects(get(pool, controller.signal), reason);
  const [socket] = sockets;
  if (socket !== undefined && !socket.destroyed) await once(socket, 'close');
});

const broken = [
  { what: 'closed', serve: (socket: Socket) => socket.once('data', () => socket.end()), code: 'ECONNRESET' },
  {
    what: 'cut off in the middle of an answer',
    serve: (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab')),
    code: 'ECONNRESET',
  },
  { what: 'of another protocol', serve: answering('220 smtp ready\r\n\r\n'), code: 'ERR_MALFORMED_ANSWER' },
];
for (const { what, serve, code } of broken) {
  test(`send: fails with ${code}, when the connection is ${what}`, async (t) => {
    const { pool } = await openPool(t, serve);

    await assert.rejects(get(pool), { code });
  });
}

test('send: takes an answer without a length, whose end is that of the connection', async (t) => {
  const { pool } = await openPool(t, (socket) => socket.once('data', () => socket.end('HTTP/1.1 403 No\r\n\r\nwhy')));

  const { status, body } = await get(pool);

  assert.deepEqual([status, body], [403, 'why']);
});

test('dispose: fails what is under way, and nothing keeps the process', async (t) => {
  const { pool } = await openPool(t, () => undefined, 1);

  const sending = get(pool);
  const waiting = get(pool);
  pool[Symbol.dispose]();

  await assert.rejects(sending, { code: 'ECONNABORTED' });
  await assert.rejects(waiting, { code: 'ECONNABORTED' });
});
