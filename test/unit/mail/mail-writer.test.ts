// Who is told of what, and what keeps a message from being written twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobState } from '#job/status.ts';
import type { JobEvent } from '#job/transition.ts';
import { HOUR_MS } from '#language/units.ts';
import { createMailWriter, type HeldFacts, type MailWriter } from '#mail/mail-writer.ts';
import { noticeOf } from '#notice/catalogue.ts';
import type { Job } from '#store/contract.ts';
import { formatManifest } from '../../support/signed-drive.ts';
import { sampleAccount, sampleJob, sampleMail } from '../../support/store-samples.ts';
import { MAIL } from './a-mail-config.ts';

const AT = new Date('2026-01-05T08:00:00.000Z');

const writer: MailWriter = createMailWriter({
  config: { station: { name: 'Halle 3' }, mail: MAIL },
  account: () => sampleAccount({ endpoint: 'https://s3.example.com', forcePathStyle: true }),
});

const jobWith = (lines: readonly string[], change: Partial<Job> = {}): Job =>
  sampleJob({ manifest: Buffer.from(formatManifest('AKIAIOSFODNN7EXAMPLE', 'vector-bucket', lines)), ...change });

const recipients = (job: Job): readonly string[] => writer.created(job).map(({ recipient }) => recipient);

test('mail: goes to the account, when the manifest names nobody', () => {
  assert.deepEqual(recipients(jobWith([])), ['ada@example.com']);
});

test('mail: goes to each address of the manifest once, and to none else', () => {
  const job = jobWith(['notificationEmail: Ops@example.com; archive@example.com;ops@EXAMPLE.com']);

  assert.deepEqual(recipients(job), ['ops@EXAMPLE.com', 'archive@example.com']);
});

test('mail: goes to the account, when a later version cannot read the manifest', () => {
  assert.deepEqual(recipients(sampleJob()), ['ada@example.com']);
});

test('mail: goes to at most twenty addresses', () => {
  const many = Array.from({ length: 30 }, (_, at) => `a${String(at)}@example.com`).join(';');

  assert.equal(recipients(jobWith([`notificationEmail: ${many}`])).length, 20);
});

test('mail: is not written to what is no address', () => {
  assert.deepEqual(recipients(sampleJob({ accountEmail: 'ada@example.com\r\nBcc: x@example.com' })), []);
});

test('mail: says where the log is, in the style of the account', () => {
  const [mail] = writer.created(jobWith([]));

  assert.match(mail?.text ?? '', /s3:\/\/vector-bucket\/import-log-53TX4/u);
});

test('mail: has a Message-ID of the sender, the same for the same message and another for any other', () => {
  const job = jobWith(['notificationEmail: a@example.com;b@example.com']);
  const ids = writer.created(job).map(({ messageId }) => messageId);

  assert.deepEqual(
    writer.created(job).map(({ messageId }) => messageId),
    ids,
  );
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) assert.match(id, /^<[0-9a-f]{40}@station\.example\.org>$/u);
});

const PENDING: JobState = { job: 'Pending', device: 'NotReceived' };
const HERE: JobState = { job: 'Pending', device: 'AtAWS' };
const LOADING: JobState = { job: 'InProgress', device: 'AtAWS' };
const LOAD = {
  status: 'Completed',
  loaded: { files: 1, bytes: 1 },
  ignored: { files: 0, bytes: 0 },
  failed: { files: 0, bytes: 0 },
  firstFailed: [],
  walkIsComplete: true,
  vouched: [],
} as const;

const EVENTS: readonly (readonly [event: JobEvent, from: JobState, to: JobState, occasion: string | undefined])[] = [
  [{ kind: 'received' }, PENDING, HERE, 'received'],
  [{ kind: 'attached' }, PENDING, HERE, 'received'],
  [{ kind: 'attached' }, HERE, HERE, undefined],
  [{ kind: 'first-file' }, HERE, LOADING, 'started'],
  [{ kind: 'first-file' }, LOADING, LOADING, undefined],
  [{ kind: 'completed' }, LOADING, { ...LOADING, job: 'Completed' }, 'completed'],
  [{ kind: 'completed-with-errors' }, LOADING, { ...LOADING, job: 'SuccessWithErrors' }, 'completed'],
  [{ kind: 'canceled' }, PENDING, { ...PENDING, job: 'Canceled' }, 'canceled'],
  [{ kind: 'expired' }, PENDING, { ...PENDING, job: 'Expired' }, 'expired'],
  [{ kind: 'expired' }, { ...PENDING, job: 'Expired' }, { ...PENDING, job: 'Expired' }, undefined],
  [{ kind: 'rejected', code: 'DeviceError' }, HERE, { ...HERE, job: 'DeviceError' }, 'rejected'],
  [{ kind: 'updated' }, PENDING, PENDING, undefined],
  [{ kind: 'returned' }, { ...HERE, job: 'Completed' }, { job: 'Completed', device: 'Returned' }, undefined],
];

for (const [event, from, to, occasion] of EVENTS) {
  test(`mail: tells ${occasion ?? 'nobody'}, on ${event.kind} from ${from.job} and ${from.device}`, () => {
    const mails = writer.changed({ job: jobWith([], { state: from }), state: to, event, at: AT, load: LOAD });

    assert.deepEqual(
      mails.map((mail) => mail.occasion),
      occasion === undefined ? [] : [`job 53TX4 ${occasion}`],
    );
  });
}

const heldFacts = (code: string, change: Partial<HeldFacts> = {}): HeldFacts => ({
  notice: noticeOf(code, { bay: 'Bay 1' }),
  bay: 'Bay 1',
  drive: 'WD 1 TB',
  sameness: ['fingerprint', '2026-01-05', '100'],
  at: AT,
  ...change,
});

test('mail: tells the customer of a hold that the customer must end', () => {
  const [mail, ...others] = writer.held(heldFacts('NoSuchBucket', { job: jobWith([]) }));

  assert.deepEqual([mail?.recipient, others], ['ada@example.com', []]);
  assert.match(mail?.text ?? '', /Create the bucket/u);
});

for (const [what, held] of [
  ['a hold that the technician must end', heldFacts('LoaderFailed', { job: jobWith([]) })],
  ['a hold that the operator must end', heldFacts('StateDiskFull', { job: jobWith([]) })],
  ["a hold that is the station's own fault", heldFacts('LogNotWritten', { job: jobWith([]), isOurs: true })],
  ['a hold of a drive whose customer nobody knows', heldFacts('MissingSignature')],
] as const) {
  test(`mail: tells the operator of ${what}`, () => {
    const mails = writer.held(held);

    assert.deepEqual(
      mails.map(({ recipient }) => recipient),
      ['ops@example.org'],
    );
    assert.match(mails[0]?.subject ?? '', /^Halle 3: Bay 1 is held: /u);
  });
}

test('mail: takes a hold for the same where code, job, drive, day and progress are, and for another where one is not', () => {
  const job = jobWith([]);
  const first = heldFacts('NoSuchBucket', { job });
  const occasions = [
    first,
    { ...first, at: new Date(AT.getTime() + HOUR_MS) },
    { ...first, sameness: ['fingerprint', '2026-01-05', '200'] },
    { ...first, notice: noticeOf('AccessDenied') },
  ].map((held) => writer.held(held)[0]?.occasion);

  assert.equal(occasions[0], occasions[1]);
  assert.equal(new Set(occasions).size, 3);
});

test('mail: tells the operator of a message that was given up, unless it was the operator who should have got it', () => {
  const entry = { ...sampleMail(), state: 'queued', attempts: 3, nextAt: AT } as const;

  const [mail] = writer.givenUp(entry, '550 unknown', AT);

  assert.deepEqual([mail?.recipient, mail?.occasion], ['ops@example.org', 'given up <1@example.com>']);
  assert.deepEqual(writer.givenUp({ ...entry, recipient: 'ops@example.org' }, '550 unknown', AT), []);
});

test('mail: is not written at all, where the configuration has no mail', () => {
  const silent = createMailWriter({ config: { station: { name: 'Halle 3' } }, account: () => undefined });

  assert.deepEqual(
    [silent.created(sampleJob()), silent.held(heldFacts('LoaderFailed')), silent.changed(changeOf())],
    [[], [], []],
  );
});

const changeOf = (): Parameters<MailWriter['changed']>[0] => ({
  job: sampleJob(),
  state: { ...PENDING, job: 'Expired' },
  event: { kind: 'expired' },
  at: AT,
});

test('mail: tells at the creation that objects are replaced and drives are not erased', () => {
  const manifest = formatManifest('AKIAIOSFODNN7EXAMPLE', 'vector-bucket', []).replace(
    'eraseDevice: no',
    'eraseDevice: yes',
  );

  const [mail] = writer.created(jobWith([], { manifest: Buffer.from(manifest) }));

  assert.match(mail?.text ?? '', /are replaced where a file gets their key\./u);
  assert.match(mail?.text ?? '', /not erased by this station/u);
});
