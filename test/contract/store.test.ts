// The contract of the store, on the double and on SQLite: jobs, loads and drives in bays. What only SQLite can show is in test/unit/store.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Store } from '#store/contract.ts';
import {
  jobIdOf,
  sampleAccount,
  sampleAttachment,
  sampleChange,
  sampleJob,
  sampleLoad,
} from '../support/store-samples.ts';
import { STORE_SUBJECTS, type StoreSubject } from '../support/store-subjects.ts';

for (const { name, open } of STORE_SUBJECTS) {
  describe(`store in ${name}`, () => {
    jobTests(open);
    loadTests(open);
    attachmentTests(open);
  });
}

function jobTests(open: StoreSubject['open']): void {
  test('job: gives back what was added, byte for byte', (t) => {
    const store = open(t);
    const job = sampleJob({ manifest: Uint8Array.from({ length: 256 }, (_, byte) => byte) });

    assert.equal(store.addJob(job, sampleChange()), true);
    assert.deepEqual(plain(store.job(job.jobId)), plain(job));
    assert.deepEqual(store.jobHistory(job.jobId), [sampleChange()]);
  });

  test('job: is undefined and without history, when the ID is not known', (t) => {
    const store = open(t);

    assert.equal(store.job(jobIdOf('53TX4')), undefined);
    assert.deepEqual(store.jobHistory(jobIdOf('53TX4')), []);
  });

  test('addJob: is false and changes nothing, when the ID was used before', (t) => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange());

    assert.equal(store.addJob(sampleJob({ bucket: 'other' }), sampleChange({ cause: 'again' })), false);
    assert.equal(store.job(jobIdOf('53TX4'))?.bucket, 'vector-bucket');
    assert.deepEqual(store.jobHistory(jobIdOf('53TX4')), [sampleChange()]);
  });

  test('addJob: keeps a job whose account is gone later', (t) => {
    const store = open(t);
    store.addAccount(sampleAccount());
    store.addJob(sampleJob(), sampleChange());
    store.removeAccount('ada@example.com');

    assert.equal(store.job(jobIdOf('53TX4'))?.accountEmail, 'ada@example.com');
  });

  test('jobs: lists the newest first, the later one first of two at the same time', (t) => {
    const store = open(t);
    const times = { '11111': '2026-01-01', '22222': '2026-01-03', '33333': '2026-01-02', '44444': '2026-01-02' };
    for (const [jobId, day] of Object.entries(times)) {
      store.addJob(sampleJob({ jobId: jobIdOf(jobId), createdAt: new Date(day) }), sampleChange());
    }

    assert.deepEqual(
      store.jobs().map(({ jobId }) => String(jobId)),
      ['22222', '44444', '33333', '11111'],
    );
  });

  test('changeJob: sets the state and adds a line to the history', (t) => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange());
    const change = sampleChange({
      changedAt: new Date('2026-01-05T08:00:00.000Z'),
      state: { job: 'InProgress', device: 'AtAWS' },
      cause: 'first-file',
      details: { bay: 'Bay 1' },
    });
    store.changeJob(jobIdOf('53TX4'), change);

    assert.deepEqual(store.job(jobIdOf('53TX4'))?.state, change.state);
    assert.deepEqual(store.jobHistory(jobIdOf('53TX4')), [sampleChange(), change]);
  });

  test('updateJob: replaces the manifest and what follows from it, keeps the original, and forgets the load', (t) => {
    const store = open(t);
    const job = sampleJob();
    store.addJob(job, sampleChange());
    store.startLoad(sampleLoad());
    const update = {
      ...{ manifest: Uint8Array.from(Buffer.from('second')), signingKeyId: 'S2', loadingKeyId: 'L2' },
      ...{ bucket: 'b2', bucketRegion: 'eu-west-1', logBucket: 'l2', logKey: 'logs/import-log-53TX4' },
    };
    const change = { ...sampleChange(), cause: 'updated' };

    store.updateJob(job.jobId, update, change);

    const { manifest, signingKeyId } = job;
    const wanted = { ...job, ...update, original: { manifest, signingKeyId } };
    assert.deepEqual(plain(store.job(job.jobId)), plain(wanted));
    assert.equal(store.load(job.jobId), undefined);
    assert.equal(store.jobHistory(job.jobId).at(-1)?.cause, 'updated');

    store.updateJob(job.jobId, { ...update, manifest: Uint8Array.from(Buffer.from('third')) }, change);

    assert.deepEqual(plain(store.jobs()[0]), plain({ ...wanted, manifest: Uint8Array.from(Buffer.from('third')) }));
  });

  test('jobCounts: counts jobs by status, and leaves out what none has', (t) => {
    const store = open(t);
    assert.deepEqual(store.jobCounts(), {});
    const completed = { job: 'Completed', device: 'AtAWS' } as const;
    for (const jobId of ['53TX4', '53TX5', '53TX6']) store.addJob(sampleJob({ jobId: jobIdOf(jobId) }), sampleChange());
    store.changeJob(jobIdOf('53TX5'), sampleChange({ state: completed, cause: 'completed' }));

    assert.deepEqual({ ...store.jobCounts() }, { Pending: 2, Completed: 1 });
  });

  test('heldJobs: gives the jobs that carry a hold, newest first', (t) => {
    const store = open(t);
    const hold = { code: 'LogNotWritten', details: {}, heldAt: new Date('2026-01-05T09:00:00.000Z') };
    for (const [jobId, createdAt] of [
      ['53TX4', '2026-01-02T00:00:00.000Z'],
      ['53TX5', '2026-01-03T00:00:00.000Z'],
      ['53TX6', '2026-01-04T00:00:00.000Z'],
    ] as const) {
      store.addJob(sampleJob({ jobId: jobIdOf(jobId), createdAt: new Date(createdAt) }), sampleChange());
      store.holdJob(jobIdOf(jobId), hold);
    }
    store.holdJob(jobIdOf('53TX5'), undefined);

    assert.deepEqual(
      store.heldJobs().map(({ jobId, hold: found }) => [jobId, found]),
      [
        ['53TX6', hold],
        ['53TX4', hold],
      ],
    );
  });

  test('changeJob, holdJob: throw, when the job is not known', (t) => {
    const store = open(t);

    assert.throws(() => {
      store.changeJob(jobIdOf('53TX4'), sampleChange());
    });
    assert.throws(() => {
      store.holdJob(jobIdOf('53TX4'), undefined);
    });
    assert.deepEqual(store.jobHistory(jobIdOf('53TX4')), []);
  });

  test('holdJob: keeps the hold with the job until it is taken away', (t) => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange());
    const hold = { code: 'LogNotWritten', details: { status: '403' }, heldAt: new Date('2026-01-05T09:00:00.001Z') };
    store.holdJob(jobIdOf('53TX4'), hold);

    assert.deepEqual(store.job(jobIdOf('53TX4'))?.hold, hold);

    store.holdJob(jobIdOf('53TX4'), undefined);

    assert.deepEqual(plain(store.job(jobIdOf('53TX4'))), plain(sampleJob()));
  });

  test('jobsSince: counts the jobs of one account from a time on, that time included', (t) => {
    const store = open(t);
    const add = (jobId: string, accountEmail: string, createdAt: string): void => {
      store.addJob(sampleJob({ jobId: jobIdOf(jobId), accountEmail, createdAt: new Date(createdAt) }), sampleChange());
    };
    add('11111', 'ada@example.com', '2026-01-01T00:00:00.000Z');
    add('22222', 'ada@example.com', '2026-01-01T00:00:00.001Z');
    add('33333', 'bob@example.com', '2026-01-01T00:00:00.002Z');

    assert.equal(store.jobsSince('ada@example.com', new Date('2026-01-01T00:00:00.001Z')), 1);
    assert.equal(store.jobsSince('ada@example.com', new Date('2026-01-01T00:00:00.000Z')), 2);
  });
}

function loadTests(open: StoreSubject['open']): void {
  const withJob = (t: TestContext): Store => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange());
    return store;
  };

  test('load: gives back what was started', (t) => {
    const store = withJob(t);
    store.startLoad(sampleLoad());

    assert.deepEqual(plain(store.load(jobIdOf('53TX4'))), plain(sampleLoad()));
    assert.equal(store.load(jobIdOf('11111')), undefined);
  });

  test('startLoad: throws, when the job has a load already or is not known', (t) => {
    const store = withJob(t);
    store.startLoad(sampleLoad());

    assert.throws(() => {
      store.startLoad(sampleLoad({ driveFingerprint: 'another' }));
    });
    assert.throws(() => {
      store.startLoad(sampleLoad({ jobId: jobIdOf('11111') }));
    });
    assert.equal(store.load(jobIdOf('53TX4'))?.driveFingerprint, 'fingerprint-1');
  });

  test('loadsIn: lists the loads of one phase alone', (t) => {
    const store = withJob(t);
    store.startLoad(sampleLoad());

    assert.deepEqual(store.loadsIn('publishing'), []);
    store.changeLoad(jobIdOf('53TX4'), { phase: 'publishing' });
    assert.deepEqual(store.loadsIn('publishing').map(plain), [plain(sampleLoad({ phase: 'publishing' }))]);
    assert.deepEqual(store.loadsIn('loading'), []);
  });

  test('changeLoad: keeps that a person ended the job, with code and reason', (t) => {
    const store = withJob(t);
    store.startLoad(sampleLoad());
    const ending = { event: { kind: 'rejected', code: 'DeviceError' }, details: { why: 'it smells' } } as const;

    store.changeLoad(jobIdOf('53TX4'), { ending });
    store.changeLoad(jobIdOf('53TX4'), { phase: 'publishing' });

    assert.deepEqual(store.load(jobIdOf('53TX4'))?.ending, ending);
  });

  test('changeLoad: changes what is named and leaves the rest', (t) => {
    const store = withJob(t);
    store.startLoad(sampleLoad());
    store.changeLoad(jobIdOf('53TX4'), { phase: 'publishing', summary: '{"loaded":1}' });
    store.changeLoad(jobIdOf('53TX4'), { loadingMs: 5000, reread: { kind: 'done', agreeing: 7, differing: 1 } });
    store.changeLoad(jobIdOf('53TX4'), { phase: 'done', finishedAt: new Date('2026-01-05T10:00:00.000Z') });

    assert.deepEqual(
      plain(store.load(jobIdOf('53TX4'))),
      plain(
        sampleLoad({
          phase: 'done',
          summary: '{"loaded":1}',
          loadingMs: 5000,
          reread: { kind: 'done', agreeing: 7, differing: 1 },
          finishedAt: new Date('2026-01-05T10:00:00.000Z'),
        }),
      ),
    );
    assert.throws(() => {
      store.changeLoad(jobIdOf('11111'), { phase: 'done' });
    });
  });
}

function attachmentTests(open: StoreSubject['open']): void {
  test('openAttachments: lists those that were not closed', (t) => {
    const store = open(t);
    store.openAttachment(sampleAttachment());
    store.openAttachment(sampleAttachment({ attachmentId: 'boot-1:8', bay: 'Bay 2' }));
    store.changeAttachment('boot-1:7', { releasedAt: new Date('2026-01-05T08:59:00.000Z') });
    store.changeAttachment('boot-1:7', { detachedAt: new Date('2026-01-05T09:00:00.000Z') });

    assert.deepEqual(store.openAttachments(), [sampleAttachment({ attachmentId: 'boot-1:8', bay: 'Bay 2' })]);
    assert.deepEqual(
      store.attachment('boot-1:7'),
      sampleAttachment({
        releasedAt: new Date('2026-01-05T08:59:00.000Z'),
        detachedAt: new Date('2026-01-05T09:00:00.000Z'),
      }),
    );
    assert.equal(store.attachment('boot-1:9'), undefined);
  });

  test('changeAttachment: changes what is named and leaves the rest', (t) => {
    const store = open(t);
    store.addJob(sampleJob(), sampleChange());
    store.openAttachment(sampleAttachment());
    store.changeAttachment('boot-1:7', { driveFingerprint: 'fingerprint-1', jobId: jobIdOf('53TX4') });
    store.changeAttachment('boot-1:7', { outcome: 'done' });

    assert.deepEqual(
      store.attachment('boot-1:7'),
      sampleAttachment({ driveFingerprint: 'fingerprint-1', jobId: jobIdOf('53TX4'), outcome: 'done' }),
    );
    assert.throws(() => {
      store.changeAttachment('boot-1:9', { outcome: 'done' });
    });
  });

  test('openAttachment: opens a known one again with its outcome and its time, when the daemon was restarted', (t) => {
    const store = open(t);
    store.openAttachment(sampleAttachment());
    store.changeAttachment('boot-1:7', { outcome: 'done', detachedAt: new Date('2026-01-05T09:00:00.000Z') });
    store.openAttachment(sampleAttachment({ bay: 'Bay 3', attachedAt: new Date('2026-01-06T00:00:00.000Z') }));

    assert.deepEqual(store.openAttachments(), [sampleAttachment({ bay: 'Bay 3', outcome: 'done' })]);
  });
}

// Byte arrays compare by their bytes.
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, part: unknown) =>
      part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part,
    ) ?? 'null',
  );
