// The sender over a clock that the test moves: what is sent when, and that nothing is lost or doubled.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#language/units.ts';
import { createMailSender, type MailEvent, type MailSender } from '#mail/sender.ts';
import type { SendResult } from '#mail/smtp.ts';
import type { Mail, OutboxEntry, Store } from '#store/contract.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { sampleMail } from '../../support/store-samples.ts';

const SENT: SendResult = { kind: 'sent', answer: '250 ok' };
const AWAY: SendResult = { kind: 'server-trouble', answer: 'connect ECONNREFUSED' };
const FOR_NOW: SendResult = { kind: 'refused', isForGood: false, answer: '450 later' };
const FOR_GOOD: SendResult = { kind: 'refused', isForGood: true, answer: '550 unknown' };

const CONFIG = { firstPauseMs: MINUTE_MS, longestPauseMs: 4 * HOUR_MS, giveUpMs: 5 * DAY_MS };

interface Scene {
  readonly store: Store;
  readonly sender: MailSender;
  /** Message-IDs in the order of the attempts. */
  readonly tried: string[];
  readonly events: MailEvent[];
  /** What the server does from now on. */
  answer: (mail: Mail) => SendResult;
  readonly pass: (milliseconds: number) => Promise<void>;
  readonly entry: (messageId: string) => OutboxEntry | undefined;
}

const createScene = (mails: readonly Mail[], change: Partial<Store> = {}): Scene => {
  let time = sampleMail().queuedAt.getTime();
  const store = { ...createMemoryStore(), ...change };
  store.queueMails(mails);
  const sender = createMailSender({
    store,
    config: CONFIG,
    send: (mail) => {
      scene.tried.push(mail.messageId);
      return Promise.resolve(scene.answer(mail));
    },
    aboutGivenUp: (mail) => [sampleMail({ messageId: '<about@example.com>', occasion: `given up ${mail.messageId}` })],
    report: (event) => scene.events.push(event),
    now: () => new Date(time),
  });
  const scene: Scene = {
    store,
    sender,
    tried: [],
    events: [],
    answer: () => SENT,
    pass: async (milliseconds) => {
      time += milliseconds;
      await sender.round(AbortSignal.timeout(MINUTE_MS));
    },
    entry: (messageId) => store.outbox().find((entry) => entry.messageId === messageId),
  };
  return scene;
};

const FIRST = sampleMail({ messageId: '<first@example.com>', occasion: 'first' });
const SECOND = sampleMail({ messageId: '<second@example.com>', occasion: 'second' });

const kinds = ({ events }: Scene): readonly string[] => events.map(({ kind }) => kind);

test('sender: sends what is queued, once, oldest first', async () => {
  const scene = createScene([FIRST, SECOND]);

  await scene.pass(0);
  await scene.pass(DAY_MS);

  assert.deepEqual(scene.tried, ['<first@example.com>', '<second@example.com>']);
  assert.deepEqual([scene.entry(FIRST.messageId)?.state, scene.entry(SECOND.messageId)?.state], ['sent', 'sent']);
});

test('sender: leaves a server that is away alone, for pauses that double up to the longest one', async () => {
  const scene = createScene([FIRST]);
  scene.answer = () => AWAY;
  const minutes: number[] = [];

  for (let minute = 0; minute <= 24 * 60; minute += 1) {
    const before = scene.tried.length;
    await scene.pass(minute === 0 ? 0 : MINUTE_MS);
    if (scene.tried.length > before) minutes.push(minute);
  }

  assert.deepEqual(minutes, [0, 1, 3, 7, 15, 31, 63, 127, 255, 495, 735, 975, 1215]);
});

test('sender: loses and doubles nothing, when the server was away for a month', async () => {
  const scene = createScene([FIRST, SECOND]);
  scene.answer = () => AWAY;
  for (let hour = 0; hour < 30 * 24; hour += 1) await scene.pass(HOUR_MS);

  scene.answer = () => SENT;
  scene.tried.length = 0;
  await scene.pass(4 * HOUR_MS);

  assert.deepEqual(scene.tried.toSorted(), ['<first@example.com>', '<second@example.com>']);
  assert.ok(!kinds(scene).includes('given-up'));
});

test('sender: says once that the server is away, and again after it was back', async () => {
  const scene = createScene([FIRST]);
  scene.answer = () => AWAY;
  await scene.pass(0);
  await scene.pass(HOUR_MS);
  scene.answer = () => SENT;
  await scene.pass(HOUR_MS);
  scene.answer = () => AWAY;
  scene.store.queueMails([SECOND]);
  await scene.pass(HOUR_MS);

  assert.deepEqual(
    scene.events.map((event) => (event.kind === 'server-trouble' ? event.isNews : event.kind)),
    [true, false, 'sent', true],
  );
});

test('sender: tries another message first, after one at which the server fell silent', async () => {
  const scene = createScene([FIRST, SECOND]);
  scene.answer = ({ messageId }) => (messageId === FIRST.messageId ? AWAY : SENT);

  await scene.pass(0);
  await scene.pass(MINUTE_MS);

  assert.equal(scene.entry(SECOND.messageId)?.state, 'sent');
});

test('sender: sends the others, while one is refused for now', async () => {
  const scene = createScene([FIRST, SECOND]);
  scene.answer = ({ messageId }) => (messageId === FIRST.messageId ? FOR_NOW : SENT);

  await scene.pass(0);

  assert.deepEqual([scene.entry(FIRST.messageId)?.state, scene.entry(SECOND.messageId)?.state], ['queued', 'sent']);
});

test('sender: keeps a message that is answered 4xx for a day, and sends it as it was', async () => {
  const scene = createScene([FIRST]);
  scene.answer = () => FOR_NOW;
  for (let minute = 0; minute < 24 * 60; minute += 1) await scene.pass(MINUTE_MS);
  assert.ok(scene.tried.length < 20, `${String(scene.tried.length)} attempts`);

  scene.answer = (mail) => {
    assert.deepEqual([mail.messageId, mail.text], [FIRST.messageId, FIRST.text]);
    return SENT;
  };
  await scene.pass(4 * HOUR_MS);

  assert.equal(scene.entry(FIRST.messageId)?.state, 'sent');
});

test('sender: gives a message up that is refused for five days, says so and keeps it', async () => {
  const scene = createScene([FIRST]);
  scene.answer = ({ messageId }) => (messageId === FIRST.messageId ? FOR_NOW : SENT);

  for (let hour = 0; hour < 6 * 24; hour += 1) await scene.pass(HOUR_MS);

  const entry = scene.entry(FIRST.messageId);
  assert.deepEqual([entry?.state, entry?.text, entry?.answer], ['given-up', FIRST.text, '450 later']);
  assert.equal(kinds(scene).filter((kind) => kind === 'given-up').length, 1);
  assert.equal(scene.entry('<about@example.com>')?.state, 'sent');
});

test('sender: gives a message up that is refused for good for a day', async () => {
  const scene = createScene([FIRST]);
  scene.answer = ({ messageId }) => (messageId === FIRST.messageId ? FOR_GOOD : SENT);

  await scene.pass(0);
  for (let hour = 0; hour < 23; hour += 1) await scene.pass(HOUR_MS);
  assert.equal(scene.entry(FIRST.messageId)?.state, 'queued');
  for (let hour = 0; hour < 5; hour += 1) await scene.pass(HOUR_MS);

  assert.equal(scene.entry(FIRST.messageId)?.state, 'given-up');
  assert.equal(scene.tried.filter((id) => id === FIRST.messageId).length, 7);
});

test('sender: counts its patience from the first refusal, not from an outage before it', async () => {
  const scene = createScene([FIRST]);
  scene.answer = () => AWAY;
  for (let hour = 0; hour < 10 * 24; hour += 1) await scene.pass(HOUR_MS);

  scene.answer = () => FOR_NOW;
  await scene.pass(4 * HOUR_MS);
  scene.answer = () => SENT;
  await scene.pass(4 * HOUR_MS);

  assert.equal(scene.entry(FIRST.messageId)?.state, 'sent');
});

test('sender: sends no message twice, when the store cannot take the answer for a while', async () => {
  const whole = createMemoryStore();
  let isBroken = true;
  const scene = createScene([FIRST], {
    ...whole,
    recordMailAttempt: (...args) => {
      if (isBroken) throw new Error('the disk is full');
      whole.recordMailAttempt(...args);
    },
  });

  await assert.rejects(scene.pass(0), /the disk is full/u);
  await assert.rejects(scene.pass(MINUTE_MS), /the disk is full/u);
  isBroken = false;
  await scene.pass(MINUTE_MS);

  assert.deepEqual(scene.tried, ['<first@example.com>']);
  assert.equal(scene.entry(FIRST.messageId)?.state, 'sent');
});

test('sender: goes on after a failure of the store, and ends with the signal', async () => {
  const stop = new AbortController();
  let looks = 0;
  const scene = createScene([], {
    dueMails: () => {
      looks += 1;
      if (looks > 1) stop.abort();
      throw new Error('the store is busy');
    },
  });
  const instant = createMailSender({
    store: scene.store,
    config: { ...CONFIG, firstPauseMs: 0 },
    send: () => Promise.resolve(SENT),
    aboutGivenUp: () => [],
    report: (event) => scene.events.push(event),
    now: () => new Date(),
  });

  await instant.run(stop.signal);

  assert.deepEqual(kinds(scene), ['failed']);
});

test('sender: waits for no clock that was a year ahead and is right again', async () => {
  const yearMs = 365 * DAY_MS;
  const scene = createScene([FIRST, SECOND]);
  await scene.pass(0);
  scene.tried.length = 0;
  scene.store.queueMails([sampleMail({ messageId: '<third@example.com>', occasion: 'third' })]);
  scene.answer = () => AWAY;
  await scene.pass(yearMs);
  scene.answer = () => FOR_NOW;
  await scene.pass(4 * HOUR_MS);
  assert.equal(scene.tried.length, 2);

  await scene.pass(-yearMs);
  assert.equal(scene.tried.length, 3, 'tried at once');
  for (let hour = 0; hour < 6 * 24; hour += 1) await scene.pass(HOUR_MS);

  assert.equal(scene.entry('<third@example.com>')?.state, 'given-up', 'after five days, not after a year');
});

test('sender: waits for no clock that was a year ahead while the server was away', async () => {
  const yearMs = 365 * DAY_MS;
  const scene = createScene([FIRST]);
  scene.answer = () => AWAY;
  await scene.pass(yearMs);

  scene.answer = () => SENT;
  await scene.pass(-yearMs);

  assert.equal(scene.entry(FIRST.messageId)?.state, 'sent');
});

test('sender: goes on where the clock falls back by a year and then is right again', async () => {
  const yearMs = 365 * DAY_MS;
  const scene = createScene([FIRST]);
  scene.answer = () => FOR_NOW;
  await scene.pass(-yearMs);
  assert.equal(scene.tried.length, 1, 'queued by the right clock, tried by the wrong one');

  scene.answer = () => SENT;
  await scene.pass(yearMs);

  assert.equal(scene.entry(FIRST.messageId)?.state, 'sent');
});
