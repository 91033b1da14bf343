// Mail of a whole station: what customers and operators get, and that neither a dead server nor a dead daemon loses any.

import assert from 'node:assert/strict';
import { chown, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { DeleteBucketCommand } from '@aws-sdk/client-s3';

import { makeImage, plug, type Plug } from '../support/loop.ts';
import { MAIL_LOGIN, startMailServer, type MailServer, type TakenMail } from '../support/mail-server.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { prepareDrive, prepareJob } from '../support/signed-drive.ts';
import { startStation, STATION_UID, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const OPERATOR = 'ops@example.org';

const stack = new AsyncDisposableStack();
let server: MailServer;
let minio: Minio;
let station: Station;
let image: string;
let plugged: Plug[] = [];

before(async () => {
  server = stack.use(await startMailServer());
  minio = stack.use(await startMinio());
  const folder = await mkdtemp(join(tmpdir(), 'mail-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  image = join(folder, 'drive.img');
  const mail = {
    ...{ host: '127.0.0.1', port: server.port, user: MAIL_LOGIN.user, ca_file: server.authorityFile },
    ...{ from: 'station@example.org', operator: OPERATOR },
    ...{ timeout_ms: 2000, first_pause_ms: 100, longest_pause_ms: 400 },
  };
  station = stack.use(await startStation({ bays: [{ name: 'Bay 1', image }], config: { mail }, isStarted: false }));
  const passwordFile = join(station.stateDir, 'smtp-password');
  await writeFile(passwordFile, `${MAIL_LOGIN.password}\n`, { mode: 0o600 });
  await chown(passwordFile, STATION_UID, STATION_UID);
  await station.startLauncher();
  await station.startDaemon();
});

afterEach(async () => {
  server.refuseMessage = () => undefined;
  server.beforeAnswer = () => Promise.resolve();
  server.afterAnswer = () => undefined;
  for (const drive of plugged) await drive[Symbol.asyncDispose]();
  plugged = [];
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
});

after(() => stack.disposeAsync());

const plugIn = async (): Promise<void> => {
  plugged.push(await plug(image));
};

const mailsWith = (subject: RegExp): readonly TakenMail[] =>
  server.taken.filter(({ parsed }) => subject.test(parsed.subject ?? ''));

const waitForMail = (subject: RegExp): Promise<TakenMail> =>
  until(() => mailsWith(subject)[0], {
    what: `mail about ${String(subject)}`,
    describe: () => server.taken.map(({ parsed }) => parsed.subject).join('\n'),
  });

test('mail: tells each address of creation, receipt, start and completion with status, counts, log and failed files', async () => {
  const { jobId, job } = await prepareDrive({
    ...{ station, minio, image, files: { 'a.txt': 'a', 'b/c.txt': 'cc' } },
    manifestLines: ['notificationEmail: data@example.com;archive@example.com'],
    populate: (folder) => symlink('/nowhere', join(folder, 'odd\r\n<b>Bcc: x@example.com')),
  });
  await plugIn();
  await station.waitForJob(jobId, ['SuccessWithErrors']);

  const completion = await waitForMail(new RegExp(`^Import job ${jobId}: SuccessWithErrors, 1 failed file$`, 'u'));
  await until(() => mailsWith(new RegExp(jobId, 'u')).length >= 8, { what: 'four messages to each of two addresses' });

  const subjects = (recipient: string): readonly (string | undefined)[] =>
    mailsWith(new RegExp(jobId, 'u'))
      .filter(({ to }) => to[0] === recipient)
      .map(({ parsed }) => parsed.subject);
  for (const recipient of ['data@example.com', 'archive@example.com']) {
    assert.deepEqual(subjects(recipient), [
      `Import job ${jobId} was created`,
      `Import job ${jobId}: your drive has arrived`,
      `Import job ${jobId}: the load has begun`,
      `Import job ${jobId}: SuccessWithErrors, 1 failed file`,
    ]);
  }
  const { text = '', html, bcc } = completion.parsed;
  for (const wanted of [
    /^Loaded: +2 files, 3 bytes$/mu,
    /^Failed: +1 file, /mu,
    `s3://${job.logBucket}/${job.logKey}`,
    `${minio.endpoint}/${job.logBucket}/${job.logKey}`,
    'odd\\u{d}\\u{a}<b>Bcc: x@example.com',
  ]) {
    if (typeof wanted === 'string') assert.ok(text.includes(wanted), `${wanted} in\n${text}`);
    else assert.match(text, wanted);
  }
  assert.ok((html || '').includes('odd\\u{d}\\u{a}&lt;b&gt;Bcc: x@example.com'));
  assert.equal(bcc, undefined);
  assert.deepEqual([completion.isEncrypted, completion.user], [true, MAIL_LOGIN.user]);
});

test('mail: tells the customer once of a hold that a retry does not end, and goes on to the completion', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, bucket: 'goes-away', files: { 'a.txt': 'a' } });
  await minio.client.send(new DeleteBucketCommand({ Bucket: 'goes-away' }));
  await plugIn();
  await station.waitForHold('Bay 1', 'NoSuchBucket');
  const subject = new RegExp(`^Import job ${jobId} waits for you: NoSuchBucket$`, 'u');
  const hold = await waitForMail(subject);
  assert.deepEqual(hold.to, ['ada@example.com']);
  assert.match(hold.parsed.text ?? '', /Create the bucket/u);

  const holds = (): number => station.journal().filter(({ fields }) => fields['code'] === 'NoSuchBucket').length;
  const before = holds();
  await station.ask('retry', 'Bay 1');
  await until(() => holds() > before, { what: 'the retry has ended in the same hold' });
  await station.restartDaemon('SIGTERM');
  await until(() => holds() > before + 1, { what: 'the restart has ended in the same hold' });
  await minio.makeBucket('goes-away');
  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed']);

  await waitForMail(new RegExp(`^Import job ${jobId}: Completed$`, 'u'));
  assert.equal(mailsWith(subject).length, 1);
});

test('mail: tells of receipt at the door and of a cancellation before any load, which has no log', async () => {
  const { jobId, job } = await prepareJob({ station, minio });

  await station.ask('receive', jobId);
  const receipt = await waitForMail(new RegExp(`^Import job ${jobId}: your drive has arrived$`, 'u'));
  await station.ask('job', 'cancel', jobId);
  const cancellation = await waitForMail(new RegExp(`^Import job ${jobId} was canceled$`, 'u'));

  assert.deepEqual([receipt.to, cancellation.to], [['ada@example.com'], ['ada@example.com']]);
  const text = cancellation.parsed.text ?? '';
  assert.match(text, /there is no import log/u);
  assert.ok(!text.includes(job.logKey));
});

test('mail: tells of a load that was canceled what was done, where its log is, and that the walk was not complete', async () => {
  const files = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`${String(index)}.txt`, 'x']));
  const { jobId, job } = await prepareDrive({ station, minio, image, files });
  await plugIn();
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) > 1);

  await station.ask('job', 'cancel', jobId);
  await station.waitForJob(jobId, ['Canceled']);

  const { text = '' } = (await waitForMail(new RegExp(`^Import job ${jobId} was canceled$`, 'u'))).parsed;
  assert.ok(text.includes(`s3://${job.logBucket}/${job.logKey}`), text);
  assert.match(text, /^Loaded: +[0-9,]+ files?, /mu);
  assert.match(text, /walk over the drive was not complete/u);
});

test('mail: tells the operator of a drive without SIGNATURE', async () => {
  await makeImage({ path: image, fsType: 'ext4', files: { 'a.txt': 'a' } });
  await plugIn();
  await station.waitForHold('Bay 1', 'MissingSignature');

  const { to, parsed } = await waitForMail(/^test-station: Bay 1 is held: MissingSignature$/u);

  assert.deepEqual(to, [OPERATOR]);
  assert.match(parsed.text ?? '', /put it aside/u);
});

test('mail: a daemon that dies between the answer and its record repeats the message under the same Message-ID, once', async () => {
  const killed = Promise.withResolvers<void>();
  let isFirst = true;
  server.beforeAnswer = () => {
    // It can read no answer any more, and the answer comes all the same.
    if (isFirst) process.kill(station.daemon().pid, 'SIGSTOP');
    return Promise.resolve();
  };
  server.afterAnswer = () => {
    if (!isFirst) return;
    isFirst = false;
    station
      .daemon()
      .end('SIGKILL')
      .then(() => {
        killed.resolve();
      }, killed.reject);
  };

  const { jobId } = await prepareJob({ station, minio });
  await killed.promise;
  await station.startDaemon();
  const subject = new RegExp(`^Import job ${jobId} was created$`, 'u');
  await until(() => mailsWith(subject).length === 2, { what: 'the message comes again' });
  await station.restartDaemon('SIGTERM');
  const next = await prepareJob({ station, minio });
  await waitForMail(new RegExp(`^Import job ${next.jobId} was created$`, 'u'));

  const ids = mailsWith(subject).map(({ parsed }) => parsed.messageId);
  assert.equal(ids.length, 2);
  assert.equal(new Set(ids).size, 1);
});

test('mail: a server that answers 4xx for long, or is gone, loses and doubles nothing', async () => {
  let refusals = 0;
  server.refuseMessage = () => {
    refusals += 1;
    return refusals <= 5 ? [451, 'try again later'] : undefined;
  };
  const refused = await prepareJob({ station, minio });
  await waitForMail(new RegExp(`^Import job ${refused.jobId} was created$`, 'u'));
  assert.equal(refusals, 6);

  await server.close();
  const unheard = await prepareJob({ station, minio });
  await until(() => station.journalText().includes('MailServerTrouble'), { what: 'the journal says so' });
  await station.restartDaemon('SIGKILL');
  await server.open();
  await waitForMail(new RegExp(`^Import job ${unheard.jobId} was created$`, 'u'));

  assert.equal(mailsWith(new RegExp(unheard.jobId, 'u')).length, 1);
});
