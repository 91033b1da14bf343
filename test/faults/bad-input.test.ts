// Drives that cannot be loaded: each is a hold with its own code and words, changes nothing, ends when the drive goes, and
// the other bay goes on.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, open, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { DAY_MS, GIB, MIB } from '#language/units.ts';
import { makeDisk, makeImage, plug, setDefaultSubvolume, sha256 } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run } from '../support/run.ts';
import { startS3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive, prepareJob, type PreparedJob } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';
import { changeStore } from '../support/change-store.ts';

interface Place {
  readonly station: Station;
  readonly minio: Minio;
  readonly one: string;
  readonly two: string;
  /** A job that stays open. */
  readonly open: PreparedJob;
}

const stack = new AsyncDisposableStack();
let place: Place;

before(async () => {
  const minio = stack.use(await startMinio());
  const folder = join(tmpdir(), `bad-input-${randomBytes(4).toString('hex')}`);
  stack.defer(async () => {
    await run('rm', ['-r', '--', folder]);
  });
  await mkdir(folder);
  const one = join(folder, 'one.img');
  const two = join(folder, 'two.img');
  const station = stack.use(
    await startStation({
      bays: [
        { name: 'Bay 1', image: one },
        { name: 'Bay 2', image: two },
      ],
    }),
  );
  place = { station, minio, one, two, open: await prepareJob({ station, minio }) };
});

after(() => stack.disposeAsync());

const FILES = { 'a.txt': 'a', 'b/c.txt': 'c' };

const ext4 = async (
  files: Readonly<Record<string, string | Uint8Array>>,
  populate?: (folder: string) => Promise<void>,
): Promise<void> => {
  await makeImage({ path: place.one, fsType: 'ext4', files, ...(populate === undefined ? {} : { populate }) });
};

const raw = async (sizeBytes: number, write?: (path: string) => Promise<void>): Promise<void> => {
  await writeFile(place.one, '');
  await truncate(place.one, sizeBytes);
  await write?.(place.one);
};

const overwrite = async (path: string, at: number, bytes: Uint8Array): Promise<void> => {
  await using file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.byteLength, at);
};

const twoVolumes = async (second: Readonly<Record<string, string | Uint8Array>>): Promise<void> => {
  const images = [`${place.one}.1`, `${place.one}.2`];
  await makeImage({ path: images[0] ?? '', fsType: 'ext4', files: { ...FILES, SIGNATURE: place.open.signature } });
  await makeImage({ path: images[1] ?? '', fsType: 'ext4', label: 'SECOND', files: second });
  await makeDisk({ path: place.one, table: 'gpt', partitions: images.map((image) => ({ image })) });
};

const rows: readonly {
  readonly what: string;
  readonly code: string;
  readonly make: () => Promise<void>;
  readonly says?: RegExp;
}[] = [
  {
    what: 'no SIGNATURE but one in lower case',
    code: 'MissingSignature',
    make: () => ext4({ ...FILES, signature: 'x' }),
    says: /signature/u,
  },
  {
    what: 'SIGNATURE.txt',
    code: 'MissingSignature',
    make: () => ext4({ ...FILES, 'SIGNATURE.txt': place.open.signature }),
    says: /SIGNATURE\.txt/u,
  },
  {
    what: 'SIGNATURE in a folder',
    code: 'MissingSignature',
    make: () => ext4({ 'data/SIGNATURE': place.open.signature }),
    says: /data\/SIGNATURE/u,
  },
  {
    what: 'a SIGNATURE in the default subvolume of a btrfs alone',
    code: 'MissingSignature',
    make: async () => {
      const populate = async (folder: string): Promise<void> => {
        await setDefaultSubvolume(join(folder, 'inner'));
        await writeFile(join(folder, 'inner', 'SIGNATURE'), place.open.signature);
      };
      await makeImage({ path: place.one, fsType: 'btrfs', files: FILES, populate });
    },
    says: /inner\/SIGNATURE/u,
  },
  {
    what: 'a SIGNATURE in UTF-16',
    code: 'MalformedSignature',
    make: () =>
      ext4({ ...FILES, SIGNATURE: Buffer.from(`\ufeff${Buffer.from(place.open.signature).toString()}`, 'utf16le') }),
  },
  { what: 'an empty SIGNATURE', code: 'MalformedSignature', make: () => ext4({ ...FILES, SIGNATURE: '' }) },
  {
    what: 'a wrong signature',
    code: 'InvalidSignature',
    make: async () => {
      const text = Buffer.from(place.open.signature).toString();
      await ext4({
        ...FILES,
        SIGNATURE: text.replace(/signature:(.)/u, (_, first: string) => `signature:${first === 'A' ? 'B' : 'A'}`),
      });
    },
  },
  {
    what: 'a signature with the ID of another open job',
    code: 'InvalidSignature',
    make: async () => {
      const { station, minio } = place;
      const other = await prepareJob({ station, minio, manifestLines: ['prefix: other/'] });
      const text = Buffer.from(place.open.signature).toString();
      await ext4({ ...FILES, SIGNATURE: text.replace(place.open.jobId, other.jobId) });
    },
  },
  {
    what: 'a SIGNATURE of a job that this station does not have',
    code: 'UnknownJob',
    make: async () => {
      const text = Buffer.from(place.open.signature).toString();
      await ext4({
        ...FILES,
        SIGNATURE: text.replace(place.open.jobId, place.open.jobId === '11111' ? '22222' : '11111'),
      });
    },
  },
  {
    what: 'a link named SIGNATURE',
    code: 'SignatureNotAFile',
    make: () => ext4({ ...FILES, real: place.open.signature }, (folder) => symlink('real', join(folder, 'SIGNATURE'))),
  },
  {
    what: 'a link to the host named SIGNATURE',
    code: 'SignatureNotAFile',
    make: () => ext4(FILES, (folder) => symlink('/etc/passwd', join(folder, 'SIGNATURE'))),
  },
  { what: 'a directory named SIGNATURE', code: 'SignatureNotAFile', make: () => ext4({ ...FILES, 'SIGNATURE/': '' }) },
  {
    what: 'a FIFO named SIGNATURE',
    code: 'SignatureNotAFile',
    make: () =>
      ext4(FILES, async (folder) => {
        await run('mkfifo', [join(folder, 'SIGNATURE')]);
      }),
  },
  {
    what: 'a SIGNATURE of 10 GB',
    code: 'SignatureTooLarge',
    make: () =>
      ext4(FILES, async (folder) => {
        await writeFile(join(folder, 'SIGNATURE'), '');
        await truncate(join(folder, 'SIGNATURE'), 10 * GIB);
      }),
  },
  { what: 'SIGNATURE alone', code: 'NothingToLoad', make: () => ext4({ SIGNATURE: place.open.signature }) },
  { what: 'nothing ever written', code: 'BlankDrive', make: () => raw(8 * MIB) },
  {
    what: 'bytes that are no file system',
    code: 'UnknownFileSystem',
    make: () => raw(8 * MIB, (path) => writeFile(path, randomBytes(8 * MIB))),
  },
  {
    what: 'a file system that is not loaded',
    code: 'UnsupportedFileSystem',
    make: () =>
      raw(8 * MIB, async (path) => {
        await run('mkfs.minix', [path]);
      }),
  },
  {
    what: 'an encrypted volume',
    code: 'EncryptedVolume',
    make: () =>
      raw(32 * MIB, async (path) => {
        await run(
          'cryptsetup',
          ['luksFormat', '--batch-mode', '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000', path, '-'],
          { input: 'secret' },
        );
      }),
  },
  {
    what: 'a partition table without a file system',
    code: 'NoFileSystem',
    make: async () => {
      await makeDisk({ path: place.one, table: 'dos', partitions: [{}] });
    },
  },
  {
    what: 'a file system that cannot be mounted',
    code: 'MountFailed',
    make: async () => {
      await ext4({ ...FILES, SIGNATURE: place.open.signature });
      // Group descriptors of an ext4 with blocks of 1 KiB stand behind the superblock.
      await overwrite(place.one, 2 * 1024, randomBytes(2 * 1024));
    },
  },
  {
    what: 'two volumes with SIGNATURE',
    code: 'SeveralSignatures',
    make: () => twoVolumes({ SIGNATURE: place.open.signature }),
  },
  {
    what: 'a second volume with files but without SIGNATURE',
    code: 'OtherVolumeWithData',
    make: () => twoVolumes(FILES),
    says: /SECOND/u,
  },
  {
    what: 'a second volume whose files a repair has put into lost+found',
    code: 'OtherVolumeWithData',
    make: () => twoVolumes({ 'lost+found/#12': 'a' }),
    says: /SECOND/u,
  },
];

for (const { what, code, make, says } of rows) {
  test(`station: holds a drive as ${code} when it has ${what}, and the bay is free again without it`, async () => {
    const { station, one } = place;
    await make();
    const before = await sha256(one);

    {
      await using drive = await plug(one);
      const bay = await station.waitForHold('Bay 1', code);
      assert.match(bay.hold?.happened ?? '', says ?? /\.$/u);
      assert.notEqual(bay.hold?.todo, '');
      assert.equal((await station.bay('Bay 2')).activity, 'empty');
      await drive.unplug();
      await station.waitForBay('Bay 1', 'is empty', ({ activity, hold }) => activity === 'empty' && hold === undefined);
    }

    assert.equal(await sha256(one), before);
  });
}

test('station: holds two drives with one SIGNATURE, and goes on with the one that stays', async () => {
  const { station, minio, one, two } = place;
  // The bucket is slow enough for the second drive to come in the middle of the first one's load.
  await using proxy = await startS3Proxy(minio.endpoint);
  const through = { ...minio, endpoint: proxy.endpoint };
  const prepared = await prepareDrive({
    station,
    minio: through,
    image: one,
    email: 'twice@example.com',
    files: FILES,
  });
  await run('cp', ['--sparse=always', one, two]);
  proxy.pause();
  await using first = await plug(two);
  await station.waitForBay('Bay 2', 'loads', ({ activity }) => activity === 'loading');
  await using _second = await plug(one);

  await station.waitForHold('Bay 1', 'DuplicateSignature');
  proxy.resume();
  await station.waitForHold('Bay 2', 'DuplicateSignature');
  await first.unplug();
  await station.waitForBay('Bay 2', 'is empty', ({ activity }) => activity === 'empty');
  await station.ask('retry', 'Bay 1');

  const job = await station.waitForJob(prepared.jobId, ['Completed']);
  assert.equal(job.counts?.loaded.files, Object.keys(FILES).length);
});

test('station: holds a drive of an expired job, whatever else is in the bays', async () => {
  const { station, minio, one } = place;
  const prepared = await prepareDrive({ station, minio, image: one, files: FILES });
  await station.daemon().end('SIGTERM');
  await changeStore(
    station,
    'UPDATE job SET created_at = created_at - ?, expires_at = expires_at - ? WHERE job_id = ?',
    [40 * DAY_MS, 40 * DAY_MS, prepared.jobId],
  );
  await station.startDaemon();
  await station.waitForJob(prepared.jobId, ['Expired']);

  await using drive = await plug(one);
  const bay = await station.waitForHold('Bay 1', 'ExpiredJob');

  assert.equal(bay.drive?.device, drive.device);
});

test('station: loads a good drive in one bay while the other one is held', async () => {
  const { station, minio, one, two } = place;
  await makeImage({ path: one, fsType: 'ext4', files: FILES });
  const prepared = await prepareDrive({ station, minio, image: two, files: FILES });
  await using bad = await plug(one);
  await station.waitForHold('Bay 1', 'MissingSignature');

  await using good = await plug(two);
  await station.waitForJob(prepared.jobId, ['Completed']);

  const bay = await station.waitForBay('Bay 2', 'is done', ({ activity }) => activity === 'done');
  assert.equal(bay.drive?.device, good.device);
  assert.equal((await station.bay('Bay 1')).drive?.device, bad.device);
});
