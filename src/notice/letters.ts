// What mail says on each occasion. Pure: the facts come in, as they are; here they are made printable.

import { printable, printablePath } from '#language/printable.ts';
import { CUSTOMER_WORDS, VOUCHED_WORDS } from './customer-words.ts';
import type { Notice } from './contract.ts';
import { facts, list, sentence, type Block, type Letter } from './letter.ts';

/** What every message to a customer names. */
export interface JobFacts {
  readonly jobId: string;
  readonly bucket: string;
  /** `s3://bucket/key` of the import log. */
  readonly logAddress: string;
  /** The same as a URL in the endpoint's own style. */
  readonly logUrl: string;
  readonly expiresAt: Date;
  /** What the manifest's author should know before the drive is shipped; whole sentences, printable. */
  readonly warnings: readonly string[];
  /** `eraseDevice: yes`, which this station does not do (decision 25). */
  readonly isErasureWanted: boolean;
}

/** How a load ended. */
export interface LoadFacts {
  readonly status: 'Completed' | 'SuccessWithErrors';
  readonly loaded: Tally;
  readonly ignored: Tally;
  readonly failed: Tally;
  /** The first failed files: name as raw bytes, and its code. */
  readonly firstFailed: readonly { readonly path: Uint8Array; readonly code: string }[];
  /** The log has a row for every file on the drive; false only for a load that was ended (decision 21). */
  readonly walkIsComplete: boolean;
  /** What a second reading of the drive gave, in files; absent where there was none. */
  readonly reread?: { readonly agreeing: number; readonly differing: number };
  /** Holds that a person at the station ended by a word, and that word. */
  readonly vouched: readonly { readonly code: string; readonly why: string }[];
}

/** Files and bytes. */
export interface Tally {
  readonly files: number;
  readonly bytes: number;
}

/** A hold with where it is. */
export interface HoldFacts {
  readonly notice: Notice;
  readonly station: string;
  readonly bay?: string;
  readonly drive?: string;
  readonly jobId?: string;
}

/** Of the failed files this many are named; all of them stand in the log. */
export const SHOWN_FAILED_FILES: number = 20;

/** A job was made. */
export const createdLetter = (job: JobFacts): Letter => ({
  subject: `Import job ${job.jobId} was created`,
  blocks: [
    sentence(`Import job ${job.jobId} was created. The station waits for your drive until ${dayOf(job.expiresAt)}.`),
    ...aboutJob(job),
    sentence(
      'Write the SIGNATURE file of this job to the top folder of the drive, eject the drive before you unplug it, and send it to us with its cables and power supply.',
    ),
    ...(job.warnings.length === 0 ? [] : [sentence('Please note:'), list(job.warnings)]),
    sentence(CLOSING),
  ],
});

/** The drive has arrived. */
export const receivedLetter = (job: JobFacts): Letter => ({
  subject: `Import job ${job.jobId}: your drive has arrived`,
  blocks: [
    sentence(`The drive of import job ${job.jobId} has arrived.`),
    ...aboutJob(job),
    sentence('You get a message when the load begins, and when it has ended.'),
  ],
});

/** The first file is being loaded. */
export const startedLetter = (job: JobFacts): Letter => ({
  subject: `Import job ${job.jobId}: the load has begun`,
  blocks: [
    sentence(`The files of import job ${job.jobId} are being loaded into your bucket.`),
    ...aboutJob(job),
    sentence('From now on the job can no longer be updated. You get a message when the load has ended.'),
  ],
});

/** The log is in the bucket. */
export const completedLetter = (job: JobFacts, load: LoadFacts): Letter => {
  const { jobId } = job;
  const failed = load.failed.files;
  const outcome =
    failed === 0 ? 'Every file that was to be loaded was.' : `${counted(failed, 'file')} could not be loaded.`;
  return {
    subject: `Import job ${jobId}: ${load.status}${failed === 0 ? '' : `, ${counted(failed, 'failed file')}`}`,
    blocks: [
      sentence(`Import job ${jobId} has ended with the status ${load.status}. ${outcome}`),
      facts(['Job', jobId], ['Status', load.status], ...aboutLoad(job, load)),
      ...failedFiles(load),
      ...vouchedFor(load),
      sentence(
        'The import log has one row for every file on the drive. Keep your copy of the data until you have read it.',
      ),
      ...erasure(job),
    ],
  };
};

/** The load or the publishing is held, and only the customer can end that. */
export const customerHoldLetter = (job: JobFacts, { notice }: HoldFacts): Letter => ({
  subject: `Import job ${job.jobId} waits for you: ${notice.code}`,
  blocks: [
    sentence(`Import job ${job.jobId} cannot go on without you.`),
    facts(['What happened', notice.happened], ['What to do', CUSTOMER_WORDS[notice.code] ?? notice.todo]),
    ...aboutJob(job, ['Code', notice.code]),
    sentence('Nothing is lost: what was loaded stays, and the load goes on where it stopped.'),
  ],
});

/** A hold that the people at the station must act on, or whose customer nobody knows. */
export const operatorHoldLetter = (hold: HoldFacts): Letter => {
  const { notice, station, bay, drive, jobId } = hold;
  const place = bay === undefined ? `job ${jobId ?? 'unknown'}` : printable(bay);
  return {
    subject: `${printable(station)}: ${place} is held: ${notice.code}`,
    blocks: [
      sentence(`At station ${printable(station)} ${place} waits for a person.`),
      facts(['What happened', notice.happened], ['Who acts', notice.actor], ['What to do', notice.todo]),
      facts(['Station', printable(station)], ...given('Bay', bay), ...given('Drive', drive), ...given('Job', jobId), [
        'Code',
        notice.code,
      ]),
      sentence('import-station status shows what waits for whom now.'),
    ],
  };
};

/** The customer ended the job; `load`: what was done of it until then. */
export const canceledLetter = (job: JobFacts, load?: LoadFacts): Letter => ({
  subject: `Import job ${job.jobId} was canceled`,
  blocks: [
    sentence(`Import job ${job.jobId} was canceled. If its drive is here it goes back to you.`),
    ...aboutEndedLoad(job, load),
    ...erasure(job),
  ],
});

/** No drive came in time. */
export const expiredLetter = (job: JobFacts): Letter => ({
  subject: `Import job ${job.jobId} has expired`,
  blocks: [
    sentence(`Import job ${job.jobId} has expired: its drive did not arrive until ${dayOf(job.expiresAt)}.`),
    ...aboutJob(job),
    sentence(
      'A drive that arrives now cannot be loaded for this job. Make a new job and write its SIGNATURE file to the drive.',
    ),
  ],
});

/** A person at the station ended the job; `load`: what was done of it until then. */
export const rejectedLetter = (job: JobFacts, notice: Notice, load?: LoadFacts): Letter => ({
  subject: `Import job ${job.jobId} was ended: ${notice.code}`,
  blocks: [
    sentence(`Import job ${job.jobId} was ended at the station, and its drive goes back to you.`),
    facts(['Code', notice.code], ['What happened', notice.happened], ['What to do', notice.todo]),
    ...aboutEndedLoad(job, load),
    ...erasure(job),
  ],
});

/** A message to a customer that the mail server goes on refusing. */
export const undeliveredLetter = (mail: {
  readonly station: string;
  readonly recipient: string;
  readonly subject: string;
  readonly answer: string;
}): Letter => ({
  subject: `${printable(mail.station)}: mail to a customer could not be delivered`,
  blocks: [
    sentence('The mail server refused a message for so long that the station has given it up.'),
    facts(
      ['Recipient', printable(mail.recipient)],
      ['Subject', printable(mail.subject)],
      ['Answer', printable(mail.answer)],
    ),
    sentence('Check the address with the customer, and tell the customer what the message says.'),
  ],
});

const CLOSING =
  'You get a message on receipt, at the start and at the end of the load, and whenever the job needs you.';

const aboutJob = (job: JobFacts, ...further: readonly (readonly [string, string])[]): readonly Block[] => [
  facts(
    ['Job', job.jobId],
    ['Bucket', printable(job.bucket)],
    ['Import log', `${printable(job.logAddress)} (once the load has ended)`],
    ...further,
  ),
];

const aboutLoad = (
  { bucket, logAddress, logUrl }: JobFacts,
  { loaded, ignored, failed, reread }: LoadFacts,
): readonly (readonly [string, string])[] => [
  ['Bucket', printable(bucket)],
  ['Loaded', tallyText(loaded)],
  ['Ignored', tallyText(ignored)],
  ['Failed', tallyText(failed)],
  ['Second reading', rereadText(reread)],
  ['Import log', printable(logAddress)],
  ['Log as URL', printable(logUrl)],
];

const aboutEndedLoad = (job: JobFacts, load: LoadFacts | undefined): readonly Block[] => {
  if (load === undefined) {
    return [
      facts(['Job', job.jobId], ['Bucket', printable(job.bucket)]),
      sentence('Nothing of it was loaded, so there is no import log.'),
    ];
  }
  const named = load.walkIsComplete
    ? 'The import log has one row for every file on the drive.'
    : 'The walk over the drive was not complete: the import log names the files that the station had found until then, the drive may have more.';
  return [
    facts(['Job', job.jobId], ...aboutLoad(job, load)),
    ...failedFiles(load),
    ...vouchedFor(load),
    sentence(`Files that were loaded before stay in your bucket. ${named}`),
  ];
};

const erasure = ({ isErasureWanted }: JobFacts): readonly Block[] =>
  isErasureWanted ? [sentence('The drive was not erased by this station, although the manifest asks for it.')] : [];

const vouchedFor = ({ vouched }: LoadFacts): readonly Block[] => {
  if (vouched.length === 0) return [];
  const lines = vouched.map(({ code, why }) => `${VOUCHED_WORDS[code] ?? code} Reason given: ${printable(why)}`);
  return [sentence('The station had stopped for this, and a person there let it go on:'), list(lines)];
};

const failedFiles = ({ failed, firstFailed }: LoadFacts): readonly Block[] => {
  const shown = firstFailed.slice(0, SHOWN_FAILED_FILES);
  if (shown.length === 0) return [];
  const isAll = shown.length === failed.files;
  return [
    sentence(isAll ? 'These files failed:' : `The first ${counted(shown.length, 'failed file')}; the log names all:`),
    list(shown.map(({ path, code }) => `${printable(code)} ${printablePath(path)}`)),
  ];
};

const given = (name: string, value: string | undefined): readonly (readonly [string, string])[] =>
  value === undefined ? [] : [[name, printable(value)]];

const rereadText = (reread: LoadFacts['reread']): string => {
  if (reread === undefined) return 'not done';
  const { agreeing, differing } = reread;
  const agrees = `${counted(agreeing, 'file')} ${agreeing === 1 ? 'agrees' : 'agree'}`;
  return `done, ${agrees}${differing === 0 ? '' : `, ${counted(differing, 'file')} did not (VerifyError)`}`;
};

const dayOf = (date: Date): string => date.toISOString().slice(0, 'YYYY-MM-DD'.length);

const tallyText = ({ files, bytes }: Tally): string => `${counted(files, 'file')}, ${counted(bytes, 'byte')}`;

const counted = (count: number, noun: string): string =>
  `${String(count).replace(/\B(?=(?:\d{3})+$)/gu, ',')} ${noun}${count === 1 ? '' : 's'}`;
