// What every command is handed: its streams, where the configuration lies, and how it ends.

import type { Readable, Writable } from 'node:stream';
import type { ExitCode } from './exit-codes.ts';

/** The standard streams of the process; `isTTY` tells whether a person sits at them. */
export interface CliStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  /** A terminal tells its size and, by NO_COLOR and TERM too, whether it shows colours. */
  readonly stdout: Writable & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
    hasColors?(): boolean;
  };
  readonly stderr: Writable;
}

/** Runs the daemon until the signal; resolves with the exit code. */
export type RunDaemon = (options: { readonly configPath: string; readonly signal: AbortSignal }) => Promise<number>;

/** What every command is handed. */
export interface CliContext {
  readonly io: CliStreams;
  /** Path of the configuration where `--config` does not name one. */
  readonly defaultConfigPath: string;
  readonly runDaemon: RunDaemon;
  readonly signal: AbortSignal;
  /** Name of the login, where the environment tells one. */
  readonly userName: string | undefined;
  /** Name for the history: that of `--by`, else `userName`. */
  readonly by: () => string | undefined;
  /** Tells how the command ended; the last one counts. */
  readonly end: (exitCode: ExitCode | number) => void;
}
