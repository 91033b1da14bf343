// Multipart uploads that are under way, kept so that a later loader goes on at the next part (design: durable state).
// An append-only file of JSON lines in the load's folder; what ended is dropped when it is opened again or has grown.

import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { stateDiskError, syncFolder } from '#import-log/state-disk.ts';
import { StationError } from '#language/station-error.ts';
import { MIB } from '#language/units.ts';
import { finishedPartSchema, type KnownUpload, type LoaderMessage } from '#protocol/loader.ts';

/** What a loader says about a multipart upload. */
export type UploadEvent = Extract<
  LoaderMessage,
  { readonly kind: 'upload-planned' | 'upload-started' | 'part-finished' | 'upload-ended' }
>;

/**
 * The file of open uploads of one load. Every record is on disk when its promise resolves. After one that rejected
 * (StationError StateDiskFull or StateDiskFailed) the file must be opened anew: it may end in half a line.
 */
export interface PartsJournal extends AsyncDisposable {
  /** Uploads that have begun, or may have, and did not end. */
  known(): readonly KnownUpload[];
  record(event: UploadEvent): Promise<void>;
}

const FILE_MODE = 0o600;
const COMPACT_ABOVE_BYTES = 4 * MIB;
const COMPACT_FACTOR = 4;

const lineSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('upload-planned'),
    path: z.string(),
    key: z.string(),
    partSizeBytes: z.number(),
    sizeBytes: z.number(),
  }),
  z.object({ kind: z.literal('upload-started'), path: z.string(), uploadId: z.string() }),
  z.object({ kind: z.literal('part-finished'), path: z.string(), part: finishedPartSchema }),
  z.object({ kind: z.literal('upload-ended'), path: z.string() }),
]);
type Line = z.infer<typeof lineSchema>;

/**
 * Opens the file, or makes it; a torn last line is dropped.
 * Throws StationError PartsJournalDamaged, StateDiskFull and StateDiskFailed.
 */
export const openPartsJournal = async (path: string): Promise<PartsJournal> => {
  const onDisk = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (cause: unknown) {
      throw stateDiskError({ action: 'write', path, cause });
    }
  };
  const journal = await onDisk(openJournal(path));
  return { ...journal, record: (event) => onDisk(journal.record(event)) };
};

const openJournal = async (path: string): Promise<PartsJournal> => {
  const uploads = await readUploads(path);
  let compactBytes = await writeUploads(path, uploads);
  let sizeBytes = compactBytes;
  let file = await open(path, 'a', FILE_MODE);

  // What has ended is dropped now and then, so that the file stays as small as what is under way.
  const compact = async (): Promise<void> => {
    await file.close();
    compactBytes = await writeUploads(path, uploads);
    sizeBytes = compactBytes;
    file = await open(path, 'a', FILE_MODE);
  };
  return {
    known: () => [...uploads.values()],
    record: async (event) => {
      const line = lineSchema.parse(event);
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      await file.appendFile(bytes);
      await file.datasync();
      sizeBytes += bytes.length;
      applyLine(uploads, line);
      if (sizeBytes > COMPACT_ABOVE_BYTES + COMPACT_FACTOR * compactBytes) await compact();
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
};

const readUploads = async (path: string): Promise<Map<string, KnownUpload>> => {
  const uploads = new Map<string, KnownUpload>();
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    const parsed = parseLine(line);
    if (parsed === undefined) throw damaged(path, index + 1);
    applyLine(uploads, parsed);
  }
  return uploads;
};

const parseLine = (line: string): Line | undefined => {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};

const damaged = (path: string, lineNumber: number): StationError =>
  new StationError({
    code: 'PartsJournalDamaged',
    message: `Cannot read ${path}: line ${String(lineNumber)} is no record of an upload`,
    hint: 'Check the disk that holds the state directory, remove the file (its uploads then begin anew), and retry.',
  });

// New file, fsync, rename, fsync of the folder: the old list or the new one, never half of it. Answers its size in bytes.
const writeUploads = async (path: string, uploads: ReadonlyMap<string, KnownUpload>): Promise<number> => {
  const fresh = `${path}.new`;
  const bytes = Buffer.from(
    [...uploads.values()]
      .flatMap(linesOf)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
  {
    await using file = await open(fresh, 'w', FILE_MODE);
    await file.writeFile(bytes);
    await file.sync();
  }
  await rename(fresh, path);
  await syncFolder(dirname(path));
  return bytes.length;
};

const linesOf = ({ path, key, uploadId, partSizeBytes, sizeBytes, parts }: KnownUpload): readonly Line[] => [
  { kind: 'upload-planned', path, key, partSizeBytes, sizeBytes },
  ...(uploadId === undefined ? [] : [{ kind: 'upload-started' as const, path, uploadId }]),
  ...parts.map((part) => ({ kind: 'part-finished' as const, path, part })),
];

const applyLine = (uploads: Map<string, KnownUpload>, line: Line): void => {
  switch (line.kind) {
    case 'upload-planned': {
      const { path, key, partSizeBytes, sizeBytes } = line;
      uploads.set(path, { path, key, partSizeBytes, sizeBytes, parts: [] });
      return;
    }
    case 'upload-started': {
      const upload = uploads.get(line.path);
      if (upload !== undefined) uploads.set(line.path, { ...upload, uploadId: line.uploadId, parts: [] });
      return;
    }
    case 'part-finished':
      uploads.get(line.path)?.parts.push(line.part);
      return;
    case 'upload-ended':
      uploads.delete(line.path);
  }
};
