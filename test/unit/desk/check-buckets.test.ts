// What the buckets are asked when a job is made, under which key and with which properties, and that nothing is left.

import assert from 'node:assert/strict';
import { rootCertificates } from 'node:tls';
import { test } from 'node:test';
import { Secret } from '#language/secret.ts';
import { sampleAccount, sampleKey } from '../../support/store-samples.ts';
import { manifestText } from '../job/sample.ts';
import { aDesk, BUCKET, createdOf, drawing, type DeskScene } from './a-desk.ts';

const LOG_PROPERTIES = { contentType: 'text/csv; charset=utf-8', metadata: {} };

const probedOf = ({ probes }: DeskScene): readonly string[] =>
  probes.map(({ access, key }) => `${access.bucket}/${key}`);

/** Names the log bucket, too. */
const withLogBucket = manifestText({}, 'logBucket: log-bucket\nlogPrefix: logs/\nprefix: data/\n');

test('job create: probes a file and the log, each once, and leaves nothing in the bucket', async () => {
  const scene = aDesk({ randomInt: drawing('PRPBE', '53TX4') });

  createdOf(await scene.create(manifestText({}, 'prefix: data/\nlogPrefix: logs/\n')));

  assert.deepEqual(probedOf(scene), [`${BUCKET}/data/import-station-probe`, `${BUCKET}/logs/import-log-PRPBE`]);
  const bucket = scene.buckets.get(BUCKET);
  assert.deepEqual([bucket?.objects.size, bucket?.uploads.size], [0, 0]);
  assert.deepEqual(
    bucket?.calls.map(({ operation }) => operation),
    ['probe', 'probe'],
  );
});

test('job create: probes the log in the log bucket, under logPrefix, and a file in the data bucket', async () => {
  const scene = aDesk({ randomInt: drawing('PRPBE', '53TX4') });

  const { job } = createdOf(await scene.create(withLogBucket));

  assert.deepEqual(probedOf(scene), [`${BUCKET}/data/import-station-probe`, 'log-bucket/logs/import-log-PRPBE']);
  assert.deepEqual([job.bucket, job.logBucket, job.logKey], [BUCKET, 'log-bucket', 'logs/import-log-53TX4']);
  for (const bucket of scene.buckets.values()) assert.deepEqual([bucket.objects.size, bucket.uploads.size], [0, 0]);
});

test('job create: asks for the region of a bucket once, though the manifest names it for data and log', async () => {
  const scene = aDesk();

  createdOf(await scene.create(manifestText({}, `logBucket: ${BUCKET}\n`)));

  assert.deepEqual(
    scene.regionsAsked.map(({ bucket }) => bucket),
    [BUCKET],
  );
});

test('job create: probes with the very properties of the files, and of the log', async () => {
  const scene = aDesk();
  const fields = [
    ['acl: public-read', 'cacheControl: max-age=3600', 'contentDisposition: attachment', 'contentLanguage: es'],
    ['expires: tomorrow', 'storageClass: STANDARD_IA', 'defaultContentType: application/x-drive'],
    ['staticMetadata:', '  owner: archive-team', 'diskTimestampMetadataKey: disk-mtime', ''],
  ];

  createdOf(await scene.create(manifestText({}, fields.flat().join('\n'))));

  assert.deepEqual(
    scene.probes.map(({ properties }) => properties),
    [
      {
        acl: 'public-read',
        cacheControl: 'max-age=3600',
        contentDisposition: 'attachment',
        contentLanguage: 'es',
        expires: 'tomorrow',
        storageClass: 'STANDARD_IA',
        contentType: 'application/x-drive',
        metadata: { owner: 'archive-team', 'disk-mtime': '2026-03-01T12:00:00Z' },
      },
      LOG_PROPERTIES,
    ],
  );
});

test('job create: sends no ACL for a private one, so that buckets without ACLs take it', async () => {
  const scene = aDesk();

  createdOf(await scene.create(manifestText({}, 'acl: private\n')));

  assert.ok(scene.probes.every(({ properties }) => properties.acl === undefined));
});

test('job create: asks as the account says, with the key that loads, in the region where the bucket lies', async () => {
  const account = sampleAccount({
    endpoint: 'https://s3.example.com:9000',
    region: 'eu-west-1',
    forcePathStyle: true,
    certificateAuthority: rootCertificates[0] ?? '',
    expectedBucketOwner: '012345678901',
    keys: [
      sampleKey({ accessKeyId: 'signer', loads: false }),
      sampleKey({ accessKeyId: 'loader', signs: false, sessionToken: new Secret('a-session-token') }),
    ],
  });
  const scene = aDesk({ accounts: [account], regions: { [BUCKET]: 'eu-central-1', 'log-bucket': 'eu-central-1' } });

  const { job } = createdOf(await scene.create(withLogBucket));

  const { endpoint, forcePathStyle, isNetworkTrusted, sse, certificateAuthority, expectedBucketOwner } = account;
  const [, key] = account.keys;
  const settings = { endpoint, forcePathStyle, isNetworkTrusted, sse, certificateAuthority, expectedBucketOwner };
  const common = { ...settings, accessKeyId: 'loader' };
  const access = { ...common, secretAccessKey: key?.secretAccessKey, sessionToken: key?.sessionToken };
  assert.deepEqual(scene.regionsAsked, [
    { ...access, bucket: BUCKET, region: 'eu-west-1' },
    { ...access, bucket: 'log-bucket', region: 'eu-west-1' },
  ]);
  assert.deepEqual(
    scene.probes.map((probe) => probe.access),
    [
      { ...access, bucket: BUCKET, region: 'eu-central-1' },
      { ...access, bucket: 'log-bucket', region: 'eu-central-1' },
    ],
  );
  assert.equal(job.bucketRegion, 'eu-central-1');
});

test('job create: asks for the region in us-east-1, where the account names none', async () => {
  const scene = aDesk();

  createdOf(await scene.create(manifestText({})));

  assert.deepEqual(
    scene.regionsAsked.map(({ region }) => region),
    ['us-east-1'],
  );
});

test('job create: closes every bucket that it opened', async () => {
  const scene = aDesk();

  createdOf(await scene.create(withLogBucket));

  assert.deepEqual([scene.buckets.size, scene.openBuckets()], [2, 0]);
});

interface ProbeName {
  readonly title: string;
  readonly added: string;
  readonly key: string;
  readonly version?: string;
}

const GROWING = 'A'.repeat(506);
const PROBE_NAMES: readonly ProbeName[] = [
  { title: 'whole, behind the prefix', added: 'prefix: data-\n', key: 'data-import-station-probe' },
  {
    title: 'cut, where the prefix leaves little room',
    added: `prefix: ${'x'.repeat(1015)}\n`,
    key: `${'x'.repeat(1015)}import-st`,
  },
  {
    title: 'of one byte, where the prefix leaves no more',
    added: `prefix: ${'x'.repeat(1023)}\n`,
    key: `${'x'.repeat(1023)}i`,
  },
  {
    title: 'cut, where the substitutions make the prefix longer',
    added: `prefix: ${GROWING}\nsubstitutions:\n  "A" : "BB"\n`,
    key: `${'B'.repeat(1012)}import-stati`,
  },
  {
    title: 'under the prefix as the substitutions leave it',
    added: 'prefix: my$COLON$/\nsubstitutions:\n  "$COLON$" : ":"\n  "-" : "_"\n',
    key: 'my:/import_station_probe',
  },
  {
    title: 'under the prefix as it stands, in 1.x',
    added: 'accessKeyId: AKIAIOSFODNN7EXAMPLE\nprefix: my-\nsubstitutions:\n  "-" : "_"\n',
    key: 'my-import_station_probe',
    version: '1.0',
  },
  {
    title: 'cut, where the substitutions leave nothing of it whole',
    added: 'substitutions:\n  "import-station-probe" : ""\n',
    key: 'import-station-prob',
  },
  {
    title: 'as it stands, where the substitutions make no key of any such name',
    added: 'prefix: data/\nsubstitutions:\n  "i" : "//"\n',
    key: 'data/i',
  },
];

for (const { title, added, key, version } of PROBE_NAMES) {
  test(`job create: probes under a name ${title}`, async () => {
    const scene = aDesk();

    createdOf(
      await scene.create(
        manifestText(version === undefined ? {} : { manifestVersion: `manifestVersion: ${version}` }, added),
      ),
    );

    assert.equal(scene.probes[0]?.key, key);
  });
}
