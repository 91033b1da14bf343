// lib-storage used plainly: every file of a folder as a stream to Upload, so many at once, everything else as it comes.
// Arguments: folder, endpoint, bucket, files at once; the key is in the environment, where the SDK looks for it.

import { createReadStream } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

const [folder = '', endpoint = '', bucket = '', filesAtOnce = '16'] = process.argv.slice(2);
const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });

const upload = async (path: string): Promise<void> => {
  await new Upload({
    client,
    params: { Bucket: bucket, Key: relative(folder, path), Body: createReadStream(path) },
  }).done();
};

const files = (async function* () {
  const entries = await opendir(folder, { recursive: true });
  for await (const entry of entries) if (entry.isFile()) yield join(entry.parentPath, entry.name);
})();

// Each takes the next file when it is done with one.
const work = async (): Promise<void> => {
  for (;;) {
    const next = await files.next();
    if (next.done === true) return;
    await upload(next.value);
  }
};

await Promise.all(Array.from({ length: Number(filesAtOnce) }, work));
client.destroy();
