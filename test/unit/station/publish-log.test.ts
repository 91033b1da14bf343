// The last step of a load: what a crash leaves of it is finished, and what fails is a hold of the job.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Bucket, BucketProblem } from '#bucket/contract.ts';
import { readConfig } from '#config/read-config.ts';
import type { LogCount } from '#import-log/contract.ts';
import { formatWorkingRow, openWorkingLog } from '#import-log/working-log.ts';
import type { JobState } from '#job/status.ts';
import { createMailWriter } from '#mail/mail-writer.ts';
import { createEarlyLog, type MadeLog } from '#station/early-log.ts';
import { createJournal } from '#station/journal.ts';
import { loadFolder, makeLoadFolder } from '#station/load-folder.ts';
import { createPublisher, logFormat, type PublishDeps } from '#station/publish-log.ts';
import { formatSummary } from '#station/summary.ts';
import { createMemoryBucket } from '../../support/memory-bucket.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { jobIdOf, sampleAccount, sampleChange, sampleJob, sampleLoad } from '../../support/store-samples.ts';

const JOB = jobIdOf('53TX4');
const IN_PROGRESS: JobState = { job: 'InProgress', device: 'AtAWS' };
const COUNT: LogCount = {
  loaded: { files: 1, bytes: 3 },
  ignored: { files: 0, bytes: 0 },
  failed: { files: 0, bytes: 0 },
  all: { files: 1, bytes: 3, fingerprint: '0'.repeat(32) },
  failedByCode: {},
};

const setScene = async (
  t: TestContext,
  state: JobState,
  refusal?: BucketProblem,
): Promise<PublishDeps & { readonly put: () => number }> => {
  const stateDir = await mkdtemp(join(tmpdir(), 'publish-'));
  t.after(() => rm(stateDir, { recursive: true, force: true }));
  const configPath = join(stateDir, 'import-station.toml');
  await writeFile(
    configPath,
    `[station]\nname = "test"\nstate_dir = "${stateDir}"\nrun_dir = "${stateDir}"\nuid = 64101\ngid = 64101\n` +
      '[launch]\nloader_uid = 64102\nloader_gid = 64102\n[[bay]]\nname = "Bay 1"\nimage = "/tmp/one.img"\n' +
      '[mail]\nhost = "127.0.0.1"\nfrom = "station@example.org"\noperator = "ops@example.org"\n',
  );
  const read = readConfig(configPath);
  assert.ok(read.kind === 'ok');
  const store = createMemoryStore();
  store.addAccount(sampleAccount());
  store.addJob(sampleJob({ state }), sampleChange());
  store.startLoad(sampleLoad());
  store.changeLoad(JOB, { phase: 'publishing', summary: formatSummary(COUNT) });
  const files = loadFolder(stateDir, JOB);
  await makeLoadFolder(files);
  {
    await using log = await openWorkingLog({ path: files.workingLog });
    await log.append(
      formatWorkingRow({
        finishedAt: new Date('2026-01-05T09:00:00Z'),
        path: Buffer.from('a'),
        status: 200,
        code: 'OK',
        key: 'a',
        md5: '0'.repeat(32),
        sizeBytes: 3,
        contentType: 'text/plain',
      }),
    );
  }
  let opened = 0;
  return {
    config: read.config,
    store,
    journal: createJournal('error', { write: () => undefined }),
    now: () => new Date('2026-01-05T10:00:00Z'),
    openBucket: () => {
      opened += 1;
      const bucket = createMemoryBucket();
      return refusal === undefined ? bucket : { ...bucket, putFile: () => Promise.resolve(refusal) };
    },
    mails: createMailWriter({ config: read.config, account: (email) => store.account(email) }),
    put: () => opened,
  };
};

test('createPublisher: puts the log, then the job is finished and its load done', async (t) => {
  const deps = await setScene(t, IN_PROGRESS);
  await using publisher = createPublisher(deps);

  assert.equal(await publisher.publish(JOB), undefined);

  assert.equal(deps.store.job(JOB)?.state.job, 'Completed');
  assert.equal(deps.store.load(JOB)?.phase, 'done');
  assert.equal(deps.put(), 1);
});

test('createPublisher: finishes the load of a job that a crash left finished, without another log', async (t) => {
  const deps = await setScene(t, { job: 'Completed', device: 'AtAWS' });
  {
    await using publisher = createPublisher(deps);
    publisher.tick();
    assert.equal(await publisher.publish(JOB), undefined);
  }

  assert.equal(deps.store.load(JOB)?.phase, 'done');
  assert.equal(deps.put(), 0);
});

// A file of the log, made early and other than the publisher would make it: so it shows which one was put.
const madeEarly = async ({ config, store }: PublishDeps): Promise<MadeLog> => {
  const job = store.job(JOB);
  assert.ok(job !== undefined);
  const { earlyLog } = loadFolder(config.station.stateDir, JOB);
  const settings = { format: logFormat(config, job), hashKey: Buffer.alloc(16), path: earlyLog };
  await using early = createEarlyLog(settings, new AbortController().signal);
  early.finish();
  await early.count();
  const made = await early.take();
  assert.ok(made !== undefined);
  await writeFile(earlyLog, 'made early');
  return made;
};

const takingBucket = (): { readonly bucket: Bucket; readonly taken: string[] } => {
  const taken: string[] = [];
  const putFile: Bucket['putFile'] = async ({ path }) => {
    taken.push(await readFile(path, 'utf8'));
    return { kind: 'ok' };
  };
  return { bucket: { ...createMemoryBucket(), putFile }, taken };
};

test('createPublisher: puts the log that was made early', async (t) => {
  const deps = await setScene(t, IN_PROGRESS);
  const { bucket, taken } = takingBucket();
  await using publisher = createPublisher({ ...deps, openBucket: () => bucket });

  await publisher.publish(JOB, await madeEarly(deps));

  assert.deepEqual(taken, ['made early']);
});

test('createPublisher: leaves no early log where another attempt was faster', async (t) => {
  const deps = await setScene(t, IN_PROGRESS);
  const { bucket, taken } = takingBucket();
  await using publisher = createPublisher({ ...deps, openBucket: () => bucket });
  const made = await madeEarly(deps);

  await Promise.all([publisher.publish(JOB), publisher.publish(JOB, made)]);

  assert.equal(taken.length, 1);
  assert.match(taken[0] ?? '', /"a",200,OK/u);
  await assert.rejects(stat(made.path), { code: 'ENOENT' });
});

test('createPublisher: holds the job with what is wrong on this side, and says how', async (t) => {
  const deps = await setScene(t, IN_PROGRESS);
  await writeFile(loadFolder(deps.config.station.stateDir, JOB).workingLog, 'no log at all');
  await using publisher = createPublisher(deps);

  const held = await publisher.publish(JOB);

  assert.equal(held?.code, 'WorkingLogDamaged');
  assert.equal(deps.store.job(JOB)?.hold?.code, 'WorkingLogDamaged');
  assert.equal(deps.store.job(JOB)?.state.job, 'InProgress');
});

test('createPublisher: says that it waits where the bucket is silent, until the log is there', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const deps = await setScene(t, IN_PROGRESS);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<{ readonly kind: 'ok' }>();
  const bucket = {
    ...createMemoryBucket(),
    putFile: () => {
      asked.resolve();
      return answer.promise;
    },
  };
  await using publisher = createPublisher({ ...deps, openBucket: () => bucket });
  const published = publisher.publish(JOB);
  await asked.promise;

  t.mock.timers.tick(9000);
  assert.equal(deps.store.job(JOB)?.hold, undefined);
  t.mock.timers.tick(2000);
  const { hold: told } = deps.store.job(JOB) ?? {};
  answer.resolve({ kind: 'ok' });

  assert.equal(told?.code, 'BucketUnreachable');
  assert.match(told.details['problem'] ?? '', /not taken within 10 s/u);
  assert.equal(await published, undefined);
  assert.equal(deps.store.job(JOB)?.hold, undefined);
  assert.deepEqual(mailsOf(deps), ['ada@example.com: job 53TX4 completed']);
});

const mailsOf = ({ store }: PublishDeps): readonly string[] =>
  store.outbox().map(({ occasion, recipient }) => `${recipient}: ${occasion}`);

test('createPublisher: queues the mail about the end with the end, and not again', async (t) => {
  const deps = await setScene(t, IN_PROGRESS);
  await using publisher = createPublisher(deps);

  await publisher.publish(JOB);
  await publisher.publish(JOB);

  assert.deepEqual(mailsOf(deps), ['ada@example.com: job 53TX4 completed']);
  assert.match(deps.store.outbox()[0]?.text ?? '', /^Loaded: +1 file, 3 bytes$/mu);
});

test('createPublisher: tells the customer once that the bucket refuses the log, however often it is tried', async (t) => {
  const deps = await setScene(t, IN_PROGRESS, {
    kind: 'problem',
    scope: 'access-denied',
    status: 403,
    code: 'AccessDenied',
    holdCode: 'AccessDenied',
    message: 'no',
  });
  await using publisher = createPublisher(deps);

  await publisher.publish(JOB);
  await publisher.publish(JOB);

  assert.deepEqual(mailsOf(deps), ['ada@example.com: job 53TX4 hold LogNotWritten AccessDenied']);
});

test('createPublisher: tells the operator of what is wrong on this side', async (t) => {
  const deps = await setScene(t, IN_PROGRESS);
  await writeFile(loadFolder(deps.config.station.stateDir, JOB).workingLog, 'no log at all');
  await using publisher = createPublisher(deps);

  await publisher.publish(JOB);

  assert.deepEqual(mailsOf(deps), ['ops@example.org: job 53TX4 hold WorkingLogDamaged publishing']);
});
