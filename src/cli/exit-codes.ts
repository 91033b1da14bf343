// How the command ends: the one table of exit codes. Stable, because scripts of a facility rest on it.

/** Exit codes of `import-station`; those from 64 on are of sysexits.h. What each means is told in EXIT_MEANINGS. */
export const EXIT_CODES = {
  ok: 0,
  refused: 1,
  usage: 2,
  findings: 3,
  unavailable: 69,
  software: 70,
  notPermitted: 77,
  config: 78,
  interrupted: 130,
} as const;

/** What each exit code means, as the manual says it. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  ok: 'done',
  refused: 'refused or failed; stderr says what happened, who acts and what to do',
  usage: 'the command was not understood',
  findings: 'what was checked has findings: a manifest, a configuration, or the host (doctor)',
  unavailable: 'something that the command needs is not there: the daemon, the packages, a readable file',
  software: 'a defect of the product',
  notPermitted: 'the command may only be given by someone else',
  config: "the station's configuration is missing or wrong",
  interrupted: 'stopped by SIGINT or SIGTERM before it was done',
};

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
