// The contract of the store's outbox, on the double and on SQLite.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DAY_MS, HOUR_MS } from '#language/units.ts';
import { jobIdOf, sampleChange, sampleJob, sampleMail } from '../support/store-samples.ts';
import { STORE_SUBJECTS, type StoreSubject } from '../support/store-subjects.ts';

for (const { name, open } of STORE_SUBJECTS) {
  describe(`outbox in ${name}`, () => {
    outboxTests(open);
  });
}

function outboxTests(open: StoreSubject['open']): void {
  const LATER = new Date('2026-01-02T04:00:00.000Z');

  test('queueMails: gives back what was queued, as it was', (t) => {
    const store = open(t);
    const mail = sampleMail();
    store.queueMails([mail]);

    assert.deepEqual(store.outbox(), [{ ...mail, state: 'queued', attempts: 0, nextAt: mail.queuedAt }]);
  });

  test('queueMails: queues each occasion once for each recipient, and keeps the first Message-ID', (t) => {
    const store = open(t);
    store.queueMails([sampleMail()]);
    store.queueMails([
      sampleMail({ messageId: '<2@example.com>' }),
      sampleMail({ messageId: '<3@example.com>', recipient: 'bob@example.com' }),
    ]);

    assert.deepEqual(
      store.outbox().map(({ messageId }) => messageId),
      ['<1@example.com>', '<3@example.com>'],
    );
  });

  test('queueMails: leaves out what was sent already', (t) => {
    const store = open(t);
    store.queueMails([sampleMail()]);
    store.recordMailAttempt('<1@example.com>', { state: 'sent', nextAt: LATER, answer: '250 ok', endedAt: LATER });
    store.queueMails([sampleMail({ messageId: '<2@example.com>' })]);

    assert.deepEqual(store.dueMails({ now: LATER, longestPauseMs: HOUR_MS, limit: 10 }), []);
  });

  test('mailCounts: counts what waits and what was given up, and knows the oldest that waits', (t) => {
    const store = open(t);
    assert.deepEqual(store.mailCounts(), { queued: 0, givenUp: 0 });
    const queuedAt = (second: number): Date => new Date(`2026-01-02T03:04:0${String(second)}.000Z`);
    store.queueMails(
      [4, 3, 1, 2].map((second) =>
        sampleMail({
          messageId: `<${String(second)}@example.com>`,
          occasion: String(second),
          queuedAt: queuedAt(second),
        }),
      ),
    );

    assert.deepEqual(store.mailCounts(), { queued: 4, givenUp: 0, oldestQueuedAt: queuedAt(1) });
    store.recordMailAttempt('<1@example.com>', { state: 'sent', nextAt: LATER, answer: '250 ok', endedAt: LATER });
    store.recordMailAttempt('<2@example.com>', { state: 'given-up', nextAt: LATER, answer: '550 no', endedAt: LATER });
    store.recordMailAttempt('<3@example.com>', { state: 'queued', nextAt: LATER, answer: '451 later' });

    assert.deepEqual(store.mailCounts(), { queued: 2, givenUp: 1, oldestQueuedAt: queuedAt(3) });
  });

  test('addJob: queues its mail, unless the job ID was used', (t) => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange(), [sampleMail()]);
    store.addJob(sampleJob(), sampleChange(), [sampleMail({ messageId: '<2@example.com>', occasion: 'again' })]);

    assert.deepEqual(
      store.outbox().map(({ messageId }) => messageId),
      ['<1@example.com>'],
    );
  });

  test('changeJob: queues its mail, and none where the job is not there', (t) => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange());
    store.changeJob(jobIdOf('53TX4'), sampleChange(), [sampleMail()]);

    assert.throws(() => {
      store.changeJob(jobIdOf('22222'), sampleChange(), [sampleMail({ messageId: '<2@example.com>', occasion: 'x' })]);
    });
    assert.equal(store.outbox().length, 1);
  });

  test('holdJob: queues its mail, and none where the job is not there', (t) => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange());
    const hold = { code: 'LogNotWritten', details: {}, heldAt: LATER };
    store.holdJob(jobIdOf('53TX4'), hold, [sampleMail()]);

    assert.throws(() => {
      store.holdJob(jobIdOf('22222'), hold, [sampleMail({ messageId: '<2@example.com>', occasion: 'x' })]);
    });
    assert.equal(store.outbox().length, 1);
  });

  test('dueMails: gives those whose time has come, the least tried first, then the oldest', (t) => {
    const store = open(t);
    store.queueMails(
      ['1', '2', '3', '4'].map((name) => sampleMail({ messageId: `<${name}@example.com>`, occasion: name })),
    );
    store.recordMailAttempt('<1@example.com>', { state: 'queued', nextAt: LATER });
    store.recordMailAttempt('<2@example.com>', { state: 'queued', nextAt: new Date(LATER.getTime() + 1) });

    const ids = (limit: number): readonly string[] =>
      store.dueMails({ now: LATER, longestPauseMs: HOUR_MS, limit }).map(({ messageId }) => messageId);

    assert.deepEqual(ids(10), ['<3@example.com>', '<4@example.com>', '<1@example.com>']);
    assert.deepEqual(ids(1), ['<3@example.com>']);
  });

  test('dueMails: gives those, too, that wait longer than any may: the clock was set back', (t) => {
    const store = open(t);
    store.queueMails(['1', '2', '3'].map((name) => sampleMail({ messageId: `<${name}@example.com>`, occasion: name })));
    const after = (waitMs: number): Date => new Date(LATER.getTime() + waitMs);
    store.recordMailAttempt('<1@example.com>', { state: 'queued', nextAt: after(HOUR_MS) });
    store.recordMailAttempt('<2@example.com>', { state: 'queued', nextAt: after(HOUR_MS + 1) });
    store.recordMailAttempt('<3@example.com>', { state: 'queued', nextAt: after(365 * DAY_MS) });

    const due = store.dueMails({ now: LATER, longestPauseMs: HOUR_MS, limit: 10 });

    assert.deepEqual(
      due.map(({ messageId }) => messageId),
      ['<2@example.com>', '<3@example.com>'],
    );
  });

  test('recordMailAttempt: counts, and keeps what became of it', (t) => {
    const store = open(t);
    store.queueMails([sampleMail()]);
    store.recordMailAttempt('<1@example.com>', {
      state: 'queued',
      nextAt: LATER,
      refusedSince: LATER,
      answer: '450 later',
    });
    const [refused] = store.outbox();
    store.recordMailAttempt('<1@example.com>', { state: 'given-up', nextAt: LATER, endedAt: LATER });

    const queued = { ...sampleMail(), state: 'queued', attempts: 1, nextAt: LATER };
    assert.deepEqual(refused, { ...queued, refusedSince: LATER, answer: '450 later' });
    assert.deepEqual(store.outbox(), [
      { ...sampleMail(), state: 'given-up', attempts: 2, nextAt: LATER, endedAt: LATER },
    ]);
  });

  test('recordMailAttempt: empties what was sent, but for what tells which message it was', (t) => {
    const store = open(t);
    store.queueMails([sampleMail()]);
    store.recordMailAttempt('<1@example.com>', { state: 'sent', nextAt: LATER, endedAt: LATER });

    const [sent] = store.outbox(jobIdOf('53TX4'));
    assert.deepEqual(
      [sent?.messageId, sent?.subject, sent?.text, sent?.html],
      ['<1@example.com>', sampleMail().subject, '', ''],
    );
  });

  test('recordMailAttempt: throws, when there is no such message', (t) => {
    const store = open(t);

    assert.throws(() => {
      store.recordMailAttempt('<1@example.com>', { state: 'queued', nextAt: LATER });
    });
  });

  test('outbox: gives the mail of one job, where it is named', (t) => {
    const store = open(t);
    const { jobId: _jobId, ...withoutJob } = sampleMail({ messageId: '<2@example.com>', occasion: 'bay' });
    store.queueMails([sampleMail(), withoutJob]);

    assert.deepEqual(
      store.outbox(jobIdOf('53TX4')).map(({ messageId }) => messageId),
      ['<1@example.com>'],
    );
    assert.equal(store.outbox().length, 2);
  });
}
