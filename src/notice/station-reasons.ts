// Words for the holds that arise in the station itself: SIGNATURE, job, load, log.

import type { Family } from './words.ts';

const PUT_ASIDE = 'Take the drive out, put it aside and tell the customer';

/** Holds about the SIGNATURE file and the job it names. */
export const SIGNATURE_REASONS = {
  MissingSignature: {
    happened: 'The drive has no file named exactly SIGNATURE in its top folder (found: {found}).',
    actor: 'customer',
    todo: `${PUT_ASIDE} that the SIGNATURE file is missing.`,
    retryHelps: false,
  },
  MalformedSignature: {
    happened: 'The SIGNATURE file on the drive cannot be read as one: {problem}.',
    actor: 'customer',
    todo: `${PUT_ASIDE} that the SIGNATURE file is damaged.`,
    retryHelps: false,
  },
  InvalidSignature: {
    happened: 'The SIGNATURE file does not fit job {jobId}: {message}.',
    actor: 'customer',
    todo: `${PUT_ASIDE}: either the manifest was changed after the job was made, or the drive belongs to another job.`,
    retryHelps: false,
  },
  SignatureNotAFile: {
    happened: 'What is named SIGNATURE on the drive is no regular file ({reason}), so it was not opened.',
    actor: 'customer',
    todo: `${PUT_ASIDE} that SIGNATURE has to be an ordinary file.`,
    retryHelps: false,
  },
  SignatureTooLarge: {
    happened: 'The SIGNATURE file is far too large ({size} bytes, at most 4,096 are read), so it was not opened.',
    actor: 'customer',
    todo: `${PUT_ASIDE} that the SIGNATURE file is not the one that was made for the job.`,
    retryHelps: false,
  },
  UnknownJob: {
    happened: 'The SIGNATURE file names job {jobId}, and there is no such job here.',
    actor: 'technician',
    todo: 'Compare the job with the packing slip; take the drive out, put it aside and ask the operator whether it belongs to another facility.',
    retryHelps: false,
  },
  ExpiredJob: {
    happened: 'Job {jobId} expired on {date}, before its drive arrived.',
    actor: 'customer',
    todo: `${PUT_ASIDE} that a new job has to be made.`,
    retryHelps: false,
  },
  CanceledJob: {
    happened: 'Job {jobId} was cancelled by the customer.',
    actor: 'technician',
    todo: 'Take the drive out and send it back unread.',
    retryHelps: false,
  },
  AlreadyLoaded: {
    happened: 'Job {jobId} was already loaded on {date}; nothing was done with the drive now.',
    actor: 'technician',
    todo: 'Take the drive out and send it back.',
    retryHelps: false,
  },
  AbortedJob: {
    happened: 'Job {jobId} was ended by a person before it was loaded ({status}).',
    actor: 'technician',
    todo: 'Take the drive out and send it back.',
    retryHelps: false,
  },
  SeveralSignatures: {
    happened: 'More than one volume of the drive has a SIGNATURE file ({volumes}), and one drive can be only one job.',
    actor: 'customer',
    todo: 'Take the drive out, put it aside and ask the customer which job the drive is for.',
    retryHelps: false,
  },
  DuplicateSignature: {
    happened: 'Two drives carry the SIGNATURE file of job {jobId}, and only one of them can be the right one.',
    actor: 'technician',
    todo: 'Find out by the packing slips which drive belongs to the job and run `import-station confirm {bay} DuplicateSignature --why TEXT` for its bay, or take the other one out and run `import-station retry {jobId}`.',
    retryHelps: true,
  },
  DifferentDrive: {
    happened: 'The load of job {jobId} began with another drive ({drive}) and goes on only with that one.',
    actor: 'technician',
    todo: 'Take this drive out and plug in the one that the load began with.',
    retryHelps: false,
  },
  OtherVolumeWithData: {
    happened:
      'The drive has another volume with files on it that would not be loaded ({volume}, {size} bytes, label {label}).',
    actor: 'customer',
    todo: 'Ask the customer whether that data belongs to the job; if it does not, run `import-station confirm {bay} OtherVolumeWithData --why TEXT`, else take the drive out and put it aside.',
    retryHelps: false,
  },
  NothingToLoad: {
    happened:
      'There is nothing on the drive to load: it holds only SIGNATURE, or the manifest ignores everything else.',
    actor: 'customer',
    todo: 'Ask the customer whether copying the data failed; if it did, take the drive out and put it aside, else run `import-station confirm {bay} NothingToLoad --why TEXT`.',
    retryHelps: false,
  },
  NotReceivedYet: {
    happened: 'The drive of job {jobId} is plugged in, but nobody has said that it was received.',
    actor: 'technician',
    todo: 'Compare drive and packing slip and run `import-station receive {jobId}`; the load then begins by itself, or after `import-station retry {bay}`.',
    retryHelps: true,
  },
} as const satisfies Family;

/** Holds in the course of a load. */
export const LOAD_REASONS = {
  LedgerDoesNotBalance: {
    happened: 'The files that were found and the rows of the import log do not add up: {message}.',
    actor: 'operator',
    todo: 'Leave the drive in, run `import-station retry {bay}` so that the whole drive is compared once more, and report this to the makers if it comes again.',
    retryHelps: true,
  },
  FilesFailed: {
    happened: 'Files could not be loaded ({message}); all others are.',
    actor: 'technician',
    todo: 'Look with `import-station job report {jobId}` which and why. `import-station retry {bay}` loads those alone once more, where another cable or a repaired bucket can help; `import-station confirm {bay} FilesFailed --why TEXT` ends the job as it is.',
    retryHelps: true,
  },
  WalkNotTrusted: {
    happened: 'Every file that was found has its row, but the drive may hold more than it showed: {message}.',
    actor: 'technician',
    todo: 'Try another cable or power supply and run `import-station retry {bay}`: the drive is walked anew, and only what has no row yet is loaded. `import-station confirm {bay} WalkNotTrusted --why TEXT` ends the job as it is, and the customer is told.',
    retryHelps: true,
  },
  SparseFile: {
    happened: 'Files claim far more bytes than the drive holds of them ({message}); all others are loaded.',
    actor: 'customer',
    todo: 'Ask the customer whether they are to be sent in full, which takes as long and as much room as their size says; if so, run `import-station confirm {bay} SparseFile --why TEXT`, else `import-station reject {bay} --code SparseFile --why TEXT`, which leaves them out as failed files and goes on. The drive may be taken out until the answer comes.',
    retryHelps: false,
  },
  SecondReadingDiffers: {
    happened: 'Read a second time, the drive gave other bytes than were loaded, or none ({message}).',
    actor: 'technician',
    todo: 'Look with `import-station job report {jobId}` which files have VerifyError. Try another cable or power supply and run `import-station retry {bay}`: those files are loaded anew, and the drive is read a second time again. `import-station confirm {bay} SecondReadingDiffers --why TEXT` ends the job as it is.',
    retryHelps: true,
  },
  NoRoomForLog: {
    happened: "This station's own disk may not have room for the import log of the drive: {message}.",
    actor: 'operator',
    todo: 'Make room on the disk that holds the state directory, then run `import-station retry {bay}`; nothing of the drive was loaded yet.',
    retryHelps: true,
  },
  LogNotWritten: {
    happened: 'The drive is read, but the import log could not be put into the bucket: {message}.',
    actor: 'customer',
    todo: 'The drive may be taken out; ask the customer to permit writing the log, then run `import-station retry {jobId}`.',
    retryHelps: true,
  },
  LoaderFailed: {
    happened: 'The process that read the drive ended too early: {message}.',
    actor: 'technician',
    todo: 'Run `import-station retry {bay}`; if it comes again, use another cable or bay, and then ask the operator to look into the journal.',
    retryHelps: true,
  },
  LoaderNotAnswering: {
    happened: 'The drive has stopped answering.',
    actor: 'technician',
    todo: 'Check cable and power or use another bay, then run `import-station retry {bay}`; what was loaded so far is kept.',
    retryHelps: true,
  },
  LauncherUnreachable: {
    happened: 'The part of the station that opens drives is not running or does not answer: {message}.',
    actor: 'operator',
    todo: 'Start it with `systemctl start import-station-launch.socket`, then run `import-station retry {bay}`.',
    retryHelps: true,
  },
  LaunchRefused: {
    happened: 'The part of the station that opens drives refused this one: {message}.',
    actor: 'technician',
    todo: 'Take the drive out and plug it in again; if it comes again, ask the operator to look into the journal.',
    retryHelps: false,
  },
  Interrupted: {
    happened: 'The drive of job {jobId} was taken out before everything was loaded.',
    actor: 'technician',
    todo: 'Plug the same drive in again, in any bay of this station; the load goes on where it stopped.',
    retryHelps: false,
  },
  WorkingLogDamaged: {
    happened: "The record of what was loaded for job {jobId} is damaged on this station's own disk: {message}.",
    actor: 'operator',
    todo: 'Check the disk that holds the state directory and restore the record from a backup, then run `import-station retry {jobId}`.',
    retryHelps: true,
  },
  PartsJournalDamaged: {
    happened:
      "The record of the large files that are under way for job {jobId} is damaged on this station's own disk: {message}.",
    actor: 'operator',
    todo: 'Check the disk that holds the state directory, remove the file that is named (its large files then begin anew), and run `import-station retry {jobId}`; nothing is lost.',
    retryHelps: true,
  },
  StateDiskFull: {
    happened: "This station's own disk is full, so what is loaded cannot be recorded: {message}.",
    actor: 'operator',
    todo: 'Make room on the disk that holds the state directory, then run `import-station retry {bay}`; nothing is lost.',
    retryHelps: true,
  },
  StateDiskFailed: {
    happened: "This station's own disk cannot be written or read, so what is loaded cannot be recorded: {message}.",
    actor: 'operator',
    todo: 'Look into the journal of the kernel for what is wrong with the disk that holds the state directory; where it was made read-only, stop the daemon, check and mount it again and start the daemon, else run `import-station retry {bay}`; nothing is lost.',
    retryHelps: true,
  },
} as const satisfies Family;

/** Holds that a person makes, and those of the station as a whole. */
export const STATION_REASONS = {
  HeldByPerson: {
    happened: 'A person has stopped this: {why}.',
    actor: 'technician',
    todo: 'Run `import-station retry {target}` once that is settled; what was loaded so far is kept.',
    retryHelps: true,
  },
  ClockOff: {
    happened: 'The clock of this host differs from the clock of the bucket {bucket} by {minutes} minutes.',
    actor: 'operator',
    todo: 'Set the clock of this host and switch on its synchronisation, then run `import-station retry {bay}`; no load begins on this station before that.',
    retryHelps: true,
  },
} as const satisfies Family;
