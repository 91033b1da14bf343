// Files of a job that is ended in the middle of its load (decision 21): what was found and is not finished gets its row
// `499 Canceled`, what was not walked gets none, and whoever reads of the end is told whether the walk was complete.
//
// The loader writes the rows of what it had found itself. What an earlier loader had begun shows in the parts journal alone.

import { formatWorkingRow, openWorkingLog, readWorkingLog } from '#import-log/working-log.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import { createContentTypeOf } from '#object/content-types.ts';
import type { KnownUpload } from '#protocol/loader.ts';
import type { Job, Load, LoadEnding } from '#store/contract.ts';

/** What the history of a job says of the walk of a load that was ended. */
export const WALK_COMPLETE: string = 'complete';
const WALK_NOT_COMPLETE = 'not complete';

const CANCELED = { status: 499, code: 'Canceled', md5: '' } as const;

/** What is needed to write the rows. */
export interface CanceledFiles {
  readonly job: Job;
  /** Path of the working log; made where it is missing. */
  readonly workingLog: string;
  /** Uploads that were begun and did not end. */
  readonly uploads: readonly KnownUpload[];
  readonly now: Date;
}

/**
 * Adds the rows of files whose upload was begun and that have none; a second call adds nothing. Errors: those of the
 * working log.
 */
export const addCanceledRows = async ({ job, workingLog, uploads, now }: CanceledFiles): Promise<void> => {
  if (uploads.length === 0) return;
  await using log = await openWorkingLog({ path: workingLog });
  const open = new Map(uploads.map((upload) => [upload.path, upload]));
  for await (const { path } of readWorkingLog(workingLog)) open.delete(Buffer.from(path).toString('base64'));
  const contentTypeOf = contentTypesOf(job);
  const rows = [...open.values()].map(({ path: base64, key, sizeBytes }) => {
    const path = Buffer.from(base64, 'base64');
    const contentType = contentTypeOf(path.toString('utf8'));
    return formatWorkingRow({ ...CANCELED, finishedAt: now, path, key, sizeBytes, contentType });
  });
  if (rows.length > 0) await log.append(Buffer.concat(rows));
};

/** The ending of a load as the history keeps it, with what is known of the walk: one with a summary had ended its walk. */
export const withWalk = (
  { ending, summary }: Pick<Load, 'ending' | 'summary'>,
  isWalkTrusted: boolean,
): Pick<Load, 'ending'> => {
  if (ending === undefined) return {};
  const walk = summary === undefined || !isWalkTrusted ? WALK_NOT_COMPLETE : WALK_COMPLETE;
  return { ending: { ...ending, details: { walk, ...ending.details } } };
};

/** Does the log of an ended load name every file of the drive? */
export const isWalkComplete = (ending: LoadEnding | undefined): boolean =>
  ending === undefined || ending.details['walk'] === WALK_COMPLETE;

const contentTypesOf = (job: Job): ((path: string) => string) => {
  const parsed = parseManifest(job.manifest);
  if (parsed.kind === 'problem') return () => '';
  const contentTypeOf = createContentTypeOf(parsed.manifest);
  return (path) => contentTypeOf(path, false);
};
