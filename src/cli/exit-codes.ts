// How the command ends: the one table of exit codes. Stable, because scripts of a facility rest on it.

/** Exit codes of `import-station`; those from 64 on are of sysexits.h. */
export const EXIT_CODES = {
  /** Done. */
  ok: 0,
  /** Refused or failed; stderr says what happened, who acts and what to do. */
  refused: 1,
  /** The command was not understood. */
  usage: 2,
  /** A manifest or configuration was checked and has findings. */
  findings: 3,
  /** Something that the command needs is not there: the daemon, the packages, a readable file. */
  unavailable: 69,
  /** A defect of the product. */
  software: 70,
  /** The command may only be given by someone else. */
  notPermitted: 77,
  /** The station's configuration is missing or wrong. */
  config: 78,
  /** Stopped by SIGINT or SIGTERM before it was done. */
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

const EXIT_CODE_OF_REFUSAL: ReadonlyMap<string, ExitCode> = new Map([
  ['UsageError', EXIT_CODES.usage],
  ['DaemonNotRunning', EXIT_CODES.unavailable],
  ['DaemonBusy', EXIT_CODES.unavailable],
  ['FileUnreadable', EXIT_CODES.unavailable],
  ['StoreBusy', EXIT_CODES.unavailable],
  ['StoreUnreadable', EXIT_CODES.unavailable],
  ['BucketUnreachable', EXIT_CODES.unavailable],
  ['NotS3Answer', EXIT_CODES.unavailable],
  ['NotOwner', EXIT_CODES.notPermitted],
  ['NotPermitted', EXIT_CODES.notPermitted],
  ['InvalidConfig', EXIT_CODES.config],
  ['MalformedManifest', EXIT_CODES.findings],
  ['MissingManifestField', EXIT_CODES.findings],
  ['InvalidManifestField', EXIT_CODES.findings],
  ['InvalidAddress', EXIT_CODES.findings],
  ['MissingCustoms', EXIT_CODES.findings],
  ['InvalidCustoms', EXIT_CODES.findings],
]);

/** The exit code for a refusal's code; `refused` where the table names none. */
export const exitCodeOf = (code: string): ExitCode => EXIT_CODE_OF_REFUSAL.get(code) ?? EXIT_CODES.refused;
