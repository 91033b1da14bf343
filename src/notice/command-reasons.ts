// Words for refused commands: accounts, jobs, keys, the store, the configuration, the command line itself.

import type { Family } from './words.ts';

/** Refusals of the desk: accounts, keys, jobs. */
export const DESK_REASONS = {
  InvalidSender: {
    happened: 'There is no account {email} here.',
    actor: 'operator',
    todo: 'Check the address with `import-station account list`, or add the account with `import-station account add`.',
    retryHelps: false,
  },
  AccountExists: {
    happened: 'There is already an account {email}.',
    actor: 'operator',
    todo: 'Look at it with `import-station account show`; to change its keys, use `import-station account key add`.',
    retryHelps: false,
  },
  AccountHasJobs: {
    happened: 'The account {email} has jobs that are not finished ({jobs}).',
    actor: 'operator',
    todo: 'Wait until these jobs are finished, see `import-station job list`, then remove the account.',
    retryHelps: false,
  },
  KeyInUse: {
    happened: 'Jobs that are not finished need the key {keyId} ({jobs}).',
    actor: 'operator',
    todo: 'Wait until these jobs are finished, see `import-station job list`, then remove the key.',
    retryHelps: false,
  },
  NoSigningKey: {
    happened: 'It is not clear which key of {email} verifies the SIGNATURE file: {message}.',
    actor: 'operator',
    todo: 'Name a key of the account that may sign with `--signing-key`, or add one with `import-station account key add --signs`.',
    retryHelps: false,
  },
  NoLoadingKey: {
    happened: 'The account {email} has no key that may load.',
    actor: 'operator',
    todo: 'Add one with `import-station account key add --loads`.',
    retryHelps: false,
  },
  MultipleRegions: {
    happened: 'The data bucket and the log bucket lie in different regions.',
    actor: 'customer',
    todo: 'Name two buckets of one region in the manifest, or leave `logBucket` out.',
    retryHelps: false,
  },
  CreateJobQuotaExceeded: {
    happened: 'The account {email} has made as many jobs today as it may ({quota}).',
    actor: 'customer',
    todo: 'Make the job tomorrow, or ask the operator to raise `jobs.per_day`.',
    retryHelps: false,
  },
  InvalidJobId: {
    happened: 'There is no job {jobId}.',
    actor: 'operator',
    todo: 'Check the job ID with `import-station job list`; it has five characters and neither zero nor the letter O.',
    retryHelps: false,
  },
  UnableToUpdateJobId: {
    happened: 'Job {jobId} is not updated: {message}.',
    actor: 'operator',
    todo: 'A job is updated before its first file is sent; while a loader looks at its drive, give `import-station hold {jobId}` first, and `import-station retry {jobId}` afterwards. Later, only a new job helps.',
    retryHelps: false,
  },
  InvalidUpdateSignature: {
    happened: 'The SIGNATURE file does not sign the updated manifest of job {jobId}: {message}.',
    actor: 'customer',
    todo: 'Sign the updated manifest for this job with its key (`import-station sign`), and send both files again. The SIGNATURE on the drive stays as it is.',
    retryHelps: false,
  },
  InvalidRequest: {
    happened: 'The request cannot be understood: {message}.',
    actor: 'operator',
    todo: 'Correct what the message names and give the command again.',
    retryHelps: false,
  },
  NotFound: {
    happened: 'There is nothing under that name: {target}.',
    actor: 'operator',
    todo: 'Check the spelling; if the command is new, restart the daemon so that both are of one version.',
    retryHelps: false,
  },
  NotPermitted: {
    happened: 'You may not give this command on this station.',
    actor: 'operator',
    todo: 'Give it by sudo, or have yourself added to the group that may.',
    retryHelps: false,
  },
} as const satisfies Family;

/** Refusals of store, configuration, daemon and command line. */
export const COMMAND_REASONS = {
  StoreBusy: {
    happened: "Another process holds the station's store ({file}).",
    actor: 'operator',
    todo: 'Wait until the other process has ended, then start the daemon or give the command again; a bay that is held goes on by `import-station retry {bay}`.',
    retryHelps: true,
  },
  StoreDamaged: {
    happened: "The station's store is damaged ({file}): {message}.",
    actor: 'operator',
    todo: 'Stop the daemon, keep a copy of the file, check the disk and restore the last backup.',
    retryHelps: false,
  },
  StoreFull: {
    happened: "The disk that holds the station's store is full ({file}).",
    actor: 'operator',
    todo: 'Make room on that disk, then run `import-station retry {bay}`, or give the refused command again; nothing is lost.',
    retryHelps: true,
  },
  StoreUnreadable: {
    happened: "The station's store cannot be opened ({file}): {message}.",
    actor: 'operator',
    todo: 'Check that the state directory exists, can be written and belongs to the user in the configuration, or install the version that has written it; then start the daemon, run `import-station retry {bay}`, or give the refused command again.',
    retryHelps: true,
  },
  StoreKeyUnreadable: {
    happened: "The key that protects the customers' secrets cannot be used ({file}): {message}.",
    actor: 'operator',
    todo: "Put the key back from the backup, readable by the station's user alone (mode 0600), and give the command again.",
    retryHelps: true,
  },
  DaemonRunning: {
    happened: 'The daemon already runs on this host.',
    actor: 'operator',
    todo: 'Stop the running daemon first, for instance with `systemctl stop import-station`.',
    retryHelps: false,
  },
  DaemonNotRunning: {
    happened: 'The daemon does not run on this host, and this command needs it ({file}).',
    actor: 'operator',
    todo: 'Start it with `systemctl start import-station`, or with `import-station daemon` in a terminal.',
    retryHelps: true,
  },
  DaemonEnded: {
    happened: 'The daemon ended before it had answered, or it had too many callers at once.',
    actor: 'operator',
    todo: 'Look into its journal (`journalctl -u import-station`), and see what was done before you try again.',
    retryHelps: true,
  },
  NotOwner: {
    happened: 'Only the user that the configuration names may do this: {message}.',
    actor: 'operator',
    todo: 'Give the command as that user, with `sudo -u`, or start the station by its unit.',
    retryHelps: false,
  },
  InvalidConfig: {
    happened: 'The configuration cannot be used ({file}): {message}.',
    actor: 'operator',
    todo: 'Correct every finding and check the file with `import-station config check`.',
    retryHelps: false,
  },
  BadConfiguration: {
    happened: 'The launcher cannot use the configuration ({file}): {message}.',
    actor: 'operator',
    todo: 'Correct every finding, check the file with `import-station config check` and start the launcher again.',
    retryHelps: false,
  },
  LauncherRuns: {
    happened: 'Another launcher already listens on this host ({file}).',
    actor: 'operator',
    todo: 'Stop the other one first; where systemd holds the socket, with `systemctl stop import-station-launch.socket`.',
    retryHelps: false,
  },
  LauncherFolder: {
    happened: 'The launcher cannot use the place of its socket ({file}): {message}.',
    actor: 'operator',
    todo: 'Start the launcher as root, and look what is at that place.',
    retryHelps: true,
  },
  LaunchFailed: {
    happened: 'The launcher cannot run what it needs: {message}.',
    actor: 'operator',
    todo: 'Check that the packages of the station are installed and that the launcher runs as root.',
    retryHelps: true,
  },
  ReloadRefused: {
    happened: 'The configuration was read again and nothing of it was taken ({file}): {message}.',
    actor: 'operator',
    todo: 'Correct the file, or put the old one back; then `systemctl reload import-station`, or restart it where the message says so.',
    retryHelps: false,
  },
  StationStalled: {
    happened: 'The station has not looked at its drives for {size} seconds.',
    actor: 'operator',
    todo: 'Look into the journal for what hangs, often a drive or its enclosure; pull that out, or run `systemctl restart import-station`. Nothing that was loaded is lost.',
    retryHelps: false,
  },
  DrivesNotListed: {
    happened: 'The station has not been able to list its drives for {size} seconds: {message}.',
    actor: 'operator',
    todo: 'Run `lsblk` on the host and repair what it says, or look into the journal of the station; it goes on by itself. Until then no drive is noticed, and none that is pulled out is missed.',
    retryHelps: false,
  },
  MetricsPort: {
    happened: 'The daemon cannot listen for metrics on {target}: {message}.',
    actor: 'operator',
    todo: 'Name a free loopback port under `[metrics]` in the configuration, or take that section out, and start the daemon again.',
    retryHelps: false,
  },
  ControlGroup: {
    happened: 'The control socket cannot be given to its group ({file}): {message}.',
    actor: 'operator',
    todo: "Make the group, put the daemon's user into it (the unit's SupplementaryGroups), and start the daemon again.",
    retryHelps: false,
  },
  DaemonBusy: {
    happened: 'The daemon did not answer: too many others ask it at the same time, or it was just stopped ({message}).',
    actor: 'operator',
    todo: 'Wait a moment and give the command again; if that lasts, look who holds its sockets with `ss -xp`.',
    retryHelps: true,
  },
  MailFileUnreadable: {
    happened: 'A file that sending mail needs cannot be used ({file}): {message}.',
    actor: 'operator',
    todo: "Put the file there (the secret one readable by the station's user alone, mode 0600), and start the daemon again.",
    retryHelps: true,
  },
  MailServerTrouble: {
    happened: 'The mail server takes no mail of this station: {message}.',
    actor: 'operator',
    todo: 'Check the server and `[mail]` of the configuration; every message is kept and sent once the server takes it.',
    retryHelps: false,
  },
  MailGivenUp: {
    happened: 'The mail server refused a message to {email} for so long that it was given up: {message}.',
    actor: 'operator',
    todo: 'Check the address with the customer, and tell the customer what the message says.',
    retryHelps: false,
  },
  NoSuchReason: {
    happened: 'There is no code of that name: {found}.',
    actor: 'operator',
    todo: 'Look for it in the list of `import-station reasons`; a code that the list lacks is one of the S3 service itself.',
    retryHelps: false,
  },
  UsageError: {
    happened: 'The command was not understood: {message}.',
    actor: 'operator',
    todo: 'Give the command with `--help` to see how it is used.',
    retryHelps: false,
  },
  ProtocolError: {
    happened: 'Two parts of the station did not understand each other: {message}.',
    actor: 'operator',
    todo: 'Restart the station so that all its parts are of one version, then try again.',
    retryHelps: true,
  },
  InternalError: {
    happened: 'The station failed in a way that nobody foresaw: {message}.',
    actor: 'operator',
    todo: 'Look into the journal of the daemon, and report what it says to the makers.',
    retryHelps: true,
  },
  FileUnreadable: {
    happened: 'A file that the command needs cannot be read or written ({file}): {message}.',
    actor: 'operator',
    todo: 'Check path and permissions of the file and give the command again.',
    retryHelps: true,
  },
} as const satisfies Family;
