// The framing between daemon and loader.

import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { createChannel, MAX_PAYLOAD_BYTES, type ReceivedMessage } from '#protocol/channel.ts';

const sink = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

const receiveAll = async (chunks: readonly Uint8Array[], maxLineBytes?: number): Promise<ReceivedMessage[]> => {
  const input = Readable.from(chunks, { objectMode: false });
  const channel = createChannel({ input, output: sink(), ...(maxLineBytes === undefined ? {} : { maxLineBytes }) });
  return Array.fromAsync(channel.receive());
};

const wireOf = async (messages: readonly ReceivedMessage[]): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const channel = createChannel({ input: Readable.from([]), output });
  for (const { message, payload } of messages) {
    assert.ok(typeof message === 'object' && message !== null);
    await channel.send(message, payload);
  }
  return Buffer.concat(chunks);
};

const isProtocolError = { name: 'StationError', code: 'ProtocolError' };

const MESSAGES: readonly ReceivedMessage[] = [
  { message: { kind: 'progress', current: 'a ü 😀' } },
  { message: { kind: 'rows', sequence: 1, bytes: 5 }, payload: Buffer.from('a\n{}\n') },
  { message: { kind: 'resume', bytes: 0, last: true }, payload: Buffer.alloc(0) },
  { message: { kind: 'rows', sequence: 2, bytes: 300 }, payload: Buffer.alloc(300, 0x0a) },
  { message: { kind: 'stored', sequence: 2 } },
];

const plain = (messages: readonly ReceivedMessage[]): unknown =>
  messages.map(({ message, payload }) => ({
    message,
    payload: payload === undefined ? undefined : Buffer.from(payload).toString('latin1'),
  }));

test('createChannel: receives what was sent, when the bytes come one at a time', async () => {
  const wire = await wireOf(MESSAGES);

  const received = await receiveAll([...wire].map((byte) => Uint8Array.of(byte)));

  assert.deepEqual(plain(received), plain(MESSAGES));
});

test('createChannel: receives what was sent, when the bytes are cut in two at any place', async () => {
  const wire = await wireOf(MESSAGES);

  for (let at = 0; at <= wire.length; at += 1) {
    const received = await receiveAll([wire.subarray(0, at), wire.subarray(at)].filter((chunk) => chunk.length > 0));
    assert.deepEqual(plain(received), plain(MESSAGES), `cut at ${String(at)}`);
  }
});

test('createChannel: receives what was sent, for any messages and any cuts', async () => {
  const message = fc.oneof(
    fc.string().map((key) => ({ message: { kind: 'claim', key } })),
    fc.uint8Array({ maxLength: 64 }).map((payload) => ({ message: { kind: 'rows', bytes: payload.length }, payload })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message), fc.array(fc.nat()), async (messages, cuts) => {
      const wire = await wireOf(messages);
      const places = [0, ...cuts.map((cut) => cut % (wire.length + 1)).toSorted((a, b) => a - b), wire.length];
      const chunks = places
        .map((place, index) => wire.subarray(place, places[index + 1] ?? wire.length))
        .filter((chunk) => chunk.length > 0);

      assert.deepEqual(plain(await receiveAll(chunks)), plain(messages));
    }),
    { numRuns: 200 },
  );
});

const refused: readonly (readonly [string, string])[] = [
  ['a line that is no JSON', '{"kind":\n'],
  ['a line that is no object', '12\n'],
  ['null', 'null\n'],
  ['an empty line', '\n'],
  ['a stream that ends within a line', '{"kind":"stop"}'],
  ['a stream that ends within a payload', '{"kind":"rows","bytes":3}\nab'],
  ['a stream that ends before a payload', '{"kind":"rows","bytes":3}\n'],
  ['a payload without a length', '{"kind":"rows"}\n'],
  ['a negative length', '{"kind":"rows","bytes":-1}\n'],
  ['a length that is no whole number', '{"kind":"resume","bytes":1.5}\n'],
  ['a length that is text', '{"kind":"resume","bytes":"1"}\n'],
  ['a length above the limit', `{"kind":"resume","bytes":${String(MAX_PAYLOAD_BYTES + 1)}}\n`],
];
for (const [what, text] of refused) {
  test(`createChannel: refuses ${what}`, async () => {
    await assert.rejects(receiveAll([Buffer.from(text)]), isProtocolError);
  });
}

test('createChannel: refuses a line above the limit before its end came', async () => {
  const chunks = [Buffer.from('{"kind":"'), Buffer.alloc(100, 0x61)];

  await assert.rejects(receiveAll(chunks, 100), isProtocolError);
});

test('createChannel: accepts a line of exactly the limit', async () => {
  const line = JSON.stringify({ kind: 'stop', code: 'x'.repeat(50) });

  assert.equal((await receiveAll([Buffer.from(`${line}\n`)], line.length)).length, 1);
});

test('createChannel: does not repeat what was received in an error', async () => {
  await assert.rejects(receiveAll([Buffer.from('{"secretAccessKey":"hidden"\n')]), (error: Error) => {
    assert.ok(!error.message.includes('hidden'));
    return true;
  });
});

test('send: waits until the stream has taken the message', async () => {
  const held: (() => void)[] = [];
  const output = new Writable({ write: (_chunk, _encoding, done) => void held.push(done) });
  const channel = createChannel({ input: Readable.from([]), output });
  let isSent = false;

  const sent = channel.send({ kind: 'stop', code: 'x' }).then(() => (isSent = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isSent, false);
  held.shift()?.();

  assert.equal(await sent, true);
});

test('send: refuses a payload that the message does not announce', async () => {
  const channel = createChannel({ input: Readable.from([]), output: sink() });

  await assert.rejects(channel.send({ kind: 'rows', bytes: 2 }, Buffer.from('abc')), isProtocolError);
  await assert.rejects(channel.send({ kind: 'stop' }, Buffer.from('abc')), isProtocolError);
  await assert.rejects(channel.send({ kind: 'rows', bytes: 2 }), isProtocolError);
});

test('send: rejects and raises nothing else, when the other side is gone', async () => {
  const output = new PassThrough();
  const channel = createChannel({ input: Readable.from([]), output });
  output.destroy(new Error('EPIPE'));

  await assert.rejects(channel.send({ kind: 'stop', code: 'x' }));
});

test('send: keeps messages whole and in order, when several are sent at once', async () => {
  const wire = new PassThrough();
  const channel = createChannel({ input: wire, output: wire });
  const messages = Array.from({ length: 50 }, (_value, index) => ({
    message: { kind: 'rows', sequence: index, bytes: index },
    payload: Buffer.alloc(index, index),
  }));

  const sent = Promise.all(messages.map(({ message, payload }) => channel.send(message, payload)));
  void sent.then(() => wire.end());

  assert.deepEqual(plain(await Array.fromAsync(channel.receive())), plain(messages));
  await sent;
});
