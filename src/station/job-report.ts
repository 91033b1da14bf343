// What became of a job's files, said again from the working log, which the station keeps: as a summary, and as the rows of
// the import log themselves.

import { existsSync } from 'node:fs';

import type { Config } from '#config/contract.ts';
import type { LogCount } from '#import-log/contract.ts';
import { firstFailedRows } from '#import-log/failed-rows.ts';
import { countLog, kindOf } from '#import-log/ledger.ts';
import { formatLog } from '#import-log/publish.ts';
import { fileText } from '#import-log/published-row.ts';
import { readWorkingLog, readWorkingLogBatches } from '#import-log/working-log.ts';
import { parseJobId } from '#job/job-id.ts';
import { printable, printablePath } from '#language/printable.ts';
import { SHOWN_FAILED_FILES } from '#notice/letters.ts';
import { objectUrl, s3Address } from '#object/object-url.ts';
import type { JobReport } from '#protocol/reports.ts';
import type { Job, Load, Store } from '#store/contract.ts';
import { isWalkComplete } from './canceled-files.ts';
import { refuse, type ControlAnswer, type ControlRequest } from './control-server.ts';
import { loadFolder } from './load-folder.ts';
import { parseSummary } from './summary.ts';

/** What a report is made of. */
export interface ReportDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'job' | 'load' | 'account'>;
}

const REPORT_PATH = /^\/jobs\/(?<name>[^/]+)\/(?<what>report|log|log\/failed)$/u;
const NOT_FOUND = 404;
const CONFLICT = 409;

/** Answers `GET /jobs/ID/report`, `.../log` and `.../log/failed`; undefined for any other request. */
export const answerReport = async (
  deps: ReportDeps,
  { method, path }: Pick<ControlRequest, 'method' | 'path'>,
): Promise<ControlAnswer | undefined> => {
  const asked = method === 'GET' ? REPORT_PATH.exec(path)?.groups : undefined;
  if (asked === undefined) return undefined;
  const { name = '', what } = asked;
  const jobId = parseJobId(name);
  const job = jobId === undefined ? undefined : deps.store.job(jobId);
  if (job === undefined) return refuse(NOT_FOUND, 'InvalidJobId', { jobId: name });
  const load = deps.store.load(job.jobId);
  const { workingLog } = loadFolder(deps.config.station.stateDir, job.jobId);
  if (load === undefined || !existsSync(workingLog)) {
    return refuse(CONFLICT, 'NoReport', {
      jobId: job.jobId,
      message: `nothing of it was loaded, it is ${job.state.job}`,
    });
  }
  if (what === 'report') return { status: 200, body: await report(deps, { job, load, workingLog }) };
  const { formulaGuard, lineEnd } = deps.config.log;
  const format = { workingLog, bucket: job.bucket, formulaGuard, lineEnd };
  const pieces = formatLog(format, (row) => what === 'log' || kindOf(row) === 'failed');
  return { status: 200, contentType: 'text/csv; charset=utf-8', pieces };
};

const report = async (
  { store }: ReportDeps,
  { job, load, workingLog }: { readonly job: Job; readonly load: Load; readonly workingLog: string },
): Promise<JobReport> => {
  const isFinal = load.phase !== 'loading';
  const { loaded, ignored, failed, failedByCode } = await countOf(load, workingLog);
  const rows = failed.files === 0 ? [] : await firstFailedRows(readWorkingLog(workingLog), SHOWN_FAILED_FILES);
  const log = { bucket: job.logBucket, key: job.logKey };
  const account = store.account(job.accountEmail);
  const endpoint = account?.endpoint === undefined ? {} : { endpoint: account.endpoint };
  const place = { ...log, ...endpoint, region: job.bucketRegion, forcePathStyle: account?.forcePathStyle ?? false };
  return {
    jobId: job.jobId,
    state: { ...job.state },
    logAddress: printable(s3Address(log)),
    logUrl: printable(objectUrl(place)),
    isFinal,
    walkIsComplete: isFinal && isWalkComplete(load.ending),
    ...(load.reread?.kind === 'done'
      ? { secondReading: { agreeing: load.reread.agreeing, differing: load.reread.differing } }
      : {}),
    ...{ loaded, ignored, failed },
    failedByCode: { ...failedByCode },
    firstFailed: rows.map(({ path, status, code }) => ({
      file: printablePath(fileText(path)),
      status,
      code: printable(code),
    })),
  };
};

// The count is kept once the load has ended.
const countOf = async ({ phase, summary, hashKey }: Load, workingLog: string): Promise<LogCount> =>
  (phase === 'loading' ? undefined : parseSummary(summary)) ?? countLog(readWorkingLogBatches(workingLog), hashKey);
