// The second reading of a drive (spec 8.4): after the load, by a loader of its own that mounts the drive anew. What differs
// becomes VerifyError in the working log, and waits for a person before the drive may go.
//
// INVARIANTS
// - A row stays `200 OK` only where the loader has accounted for every loaded file, agreeing or not.
// - Until the result is stored the second reading is due: a crash begins it anew.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

import type { LogCount } from '#import-log/contract.ts';
import { countLog, kindOf } from '#import-log/ledger.ts';
import { PATH_HASH_BYTES, pathHash } from '#import-log/path-hash.ts';
import { failVerified } from '#import-log/rewrite-log.ts';
import { readWorkingLogBatches } from '#import-log/working-log.ts';
import { MIB } from '#language/units.ts';
import type { RereadEnded } from '#protocol/loader.ts';
import type { Load } from '#store/contract.ts';
import { startPublishing } from './close-load.ts';
import { isConfirmed, type VouchedDrive } from './confirmations.ts';
import { hold, type Hold } from './hold.ts';
import { loadFolder } from './load-folder.ts';
import type { LoaderSession } from './loader-session.ts';
import type { RunDeps } from './run-deps.ts';
import { superviseReread, type RereadPorts } from './supervise-reread.ts';
import { waitForDiffering, waitForWalk } from './waiting-load.ts';

/** A second reading, and who watches. */
export interface RereadTask extends Omit<RereadPorts, 'onDiffering' | 'onUnread'> {
  readonly drive: VouchedDrive;
  readonly session: LoaderSession;
}

/** How it ended; `compared`: the log alone is to be written. */
export type RereadResult =
  | { readonly kind: 'compared' }
  | { readonly kind: 'hold'; readonly hold: Hold }
  /** The drive was pulled. */
  | { readonly kind: 'interrupted' };

/** Of one reading: the log has a row for every file. */
const MAX_UNREAD_LINES = 1000;

/** Reads the drive of a load again that has ended, and judges. */
export const rereadDrive = async (deps: RunDeps, task: RereadTask, signal: AbortSignal): Promise<RereadResult> => {
  const { store, config, journal } = deps;
  const { drive, session } = task;
  const { jobId } = drive;
  const load = store.load(jobId);
  if (load === undefined) throw new Error('A second reading follows a load');
  const { workingLog } = loadFolder(config.station.stateDir, jobId);
  const count = (): Promise<LogCount> => countLog(readWorkingLogBatches(workingLog), load.hashKey);
  const { loaded } = await count();
  journal.info({ jobId, files: loaded.files }, 'second reading started');
  await giveChecksums(session, { load, files: loaded.files, deps }, signal);
  const differing = new Set<string>();
  let unread = 0;
  const ports: RereadPorts = {
    ...task,
    onDiffering: (hashes) => {
      for (let at = 0; at < hashes.length; at += PATH_HASH_BYTES) {
        differing.add(hashes.toString('base64', at, at + PATH_HASH_BYTES));
      }
    },
    onUnread: ({ kind: _kind, ...facts }) => {
      unread += 1;
      if (unread <= MAX_UNREAD_LINES) journal.warn({ jobId, ...facts }, 'second reading differs');
    },
  };
  const end = await superviseReread(session, ports, signal);
  if (end.kind !== 'reread-ended') return end;
  if (end.differing !== differing.size) {
    return { kind: 'hold', hold: hold('LoaderFailed', { problem: 'its second reading does not add up' }) };
  }
  const isDiffering = ({ path }: { readonly path: Uint8Array }): boolean =>
    differing.has(Buffer.from(pathHash(load.hashKey, path)).toString('base64'));
  if (differing.size > 0) await failVerified(workingLog, isDiffering);
  const held = judgeReread(deps, drive, { count: await count(), found: end.found });
  return held === undefined ? { kind: 'compared' } : { kind: 'hold', hold: held };
};

const judgeReread = (
  deps: RunDeps,
  drive: VouchedDrive,
  { count, found }: { readonly count: LogCount; readonly found: RereadEnded['found'] },
): Hold | undefined => {
  const { store, journal, now } = deps;
  const { jobId } = drive;
  const agreeing = count.loaded.files;
  // Also those that an earlier reading has found, whose result a crash has lost.
  const differing = count.failedByCode['VerifyError'] ?? 0;
  journal.info({ jobId, agreeing, differing, found }, 'second reading ended');
  const job = store.job(jobId);
  const isSame = found.files === count.all.files && found.fingerprint === count.all.fingerprint;
  const doubts = isSame
    ? []
    : [`the second reading met ${String(found.files)} names, the log has ${String(count.all.files)}`];
  if (job !== undefined && differing > 0) {
    const held = waitForDiffering(store, job, { count, differing, doubts }, now());
    store.changeLoad(jobId, { reread: { kind: 'done', agreeing, differing } });
    return held;
  }
  if (job !== undefined && !isSame && !isConfirmed(store, 'WalkNotTrusted', drive)) {
    const held = waitForWalk(store, job, { count, doubts }, now());
    store.changeLoad(jobId, { reread: { kind: 'none' } });
    return held;
  }
  store.changeLoad(jobId, { reread: { kind: 'done', agreeing, differing } });
  startPublishing(deps, { jobId }, count);
  return undefined;
};

const SPOOL_CHUNK_BYTES = MIB;

// Memory is bounded: the records go through a file, in chunks that end with a record.
const giveChecksums = async (
  session: LoaderSession,
  { load, files, deps }: { readonly load: Load; readonly files: number; readonly deps: RunDeps },
  signal: AbortSignal,
): Promise<void> => {
  const { stateDir } = deps.config.station;
  const { workingLog, resume } = loadFolder(stateDir, load.jobId);
  {
    await using spool = await open(resume, 'w', 0o600);
    for await (const rows of readWorkingLogBatches(workingLog)) {
      signal.throwIfAborted();
      const records = rows
        .filter((row) => kindOf(row) === 'loaded')
        .flatMap(({ path, md5 }) => [pathHash(load.hashKey, path), Buffer.from(md5, 'hex')]);
      await spool.writeFile(Buffer.concat(records));
    }
  }
  const hashKey = Buffer.from(load.hashKey).toString('hex');
  await session.send({ kind: 'reread', hashKey, files, limits: deps.config.load });
  for await (const chunk of createReadStream(resume, { highWaterMark: SPOOL_CHUNK_BYTES, signal })) {
    const payload: unknown = chunk;
    if (!(payload instanceof Uint8Array)) continue;
    await session.send({ kind: 'resume', bytes: payload.byteLength, last: false }, payload);
  }
  await session.send({ kind: 'resume', bytes: 0, last: true }, new Uint8Array(0));
};
