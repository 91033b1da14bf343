// The entry: names the command, nothing else. Each process loads only its own room: a loader must not carry the
// command line in its memory, nor the launcher (which is privileged) anything that it does not need.

import { parseArgs } from 'node:util';
import { StationError } from '#language/station-error.ts';
import type { ServiceManagerFacts } from '#station/service-manager.ts';

// Of sysexits.h; the table of exit codes is cli/exit-codes.ts, which the other processes do not load.
const EXIT_REFUSED = 1;
const EXIT_UNAVAILABLE = 69;
const EXIT_SOFTWARE = 70;
const DEFAULT_CONFIG_PATH = '/etc/import-station/import-station.toml';

const main = async (): Promise<number> => {
  const [command, ...rest] = process.argv.slice(2);
  watchOutput(command);
  switch (command) {
    case 'loader': {
      const { runLoader } = await import('#load/loader.ts');
      return runLoader({ input: process.stdin, output: process.stdout });
    }
    case 'launch': {
      const { runLaunch } = await import('#launch/launch.ts');
      await runLaunch({ configPath: configPathOf(rest) });
      return 0;
    }
    case 'launch-inside': {
      const { runInside } = await import('#launch/inside.ts');
      await runInside(rest[0]);
      return 0;
    }
    case 'launch-server': {
      const { runLaunchServer } = await import('#launch/launch-server.ts');
      await runLaunchServer({ configPath: configPathOf(rest), signal: stopSignal() });
      return 0;
    }
    default: {
      const { runCli } = await import('#cli/cli.ts');
      return runCli({
        args: process.argv.slice(2),
        defaultConfigPath: defaultConfigPath(),
        io: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
        runDaemon: async (options) => {
          const onReload = hearHangups();
          const { runDaemon } = await import('#station/daemon.ts');
          const { productVersion } = await import('#cli/version.ts');
          return runDaemon({
            ...options,
            version: productVersion(),
            serviceManager: serviceManagerFacts(),
            onReload,
            giveUp,
          });
        },
        userName: process.env['SUDO_USER'] ?? process.env['USER'],
        signal: stopSignal(),
      });
    }
  }
};

// Whoever reads may go away, and a disk may be full. The daemon goes on without its journal; a command has nobody left to
// talk to, and ends.
const watchOutput = (command: string | undefined): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (command === 'daemon') return;
    if (error.code !== 'EPIPE') process.stderr.write(`import-station: Cannot write the output: ${error.message}\n`);
    process.exit(error.code === 'EPIPE' ? 0 : EXIT_UNAVAILABLE);
  });
  process.stderr.on('error', () => undefined);
};

const defaultConfigPath = (): string => process.env['IMPORT_STATION_CONFIG'] ?? DEFAULT_CONFIG_PATH;

// Of the internal commands; the others are read by commander.
const configPathOf = (args: readonly string[]): string =>
  parseArgs({ args: [...args], options: { config: { type: 'string' } } }).values.config ?? defaultConfigPath();

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

// The first signal asks for an orderly end; after it, either has the kernel's default effect.
const stopSignal = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    for (const other of STOP_SIGNALS) process.off(other, stop);
    controller.abort(new Error(`stopped by ${name}`));
  };
  for (const name of STOP_SIGNALS) process.on(name, stop);
  return controller.signal;
};

// From here on SIGHUP ends the process no more; one that comes before anyone listens waits.
const hearHangups = (): ((listener: () => void) => Disposable) => {
  let isAsked = false;
  let tell = (): void => {
    isAsked = true;
  };
  process.on('SIGHUP', () => {
    tell();
  });
  return (listener) => {
    tell = listener;
    if (isAsked) listener();
    return {
      [Symbol.dispose]: () => {
        tell = () => undefined;
      },
    };
  };
};

// Not process.exit: that waits for threads, and one may hang in the kernel.
const giveUp = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

const USEC_PER_MS = 1000;

// sd_notify(3) and sd_watchdog_enabled(3): the watchdog is only for the process that it names.
const serviceManagerFacts = (): ServiceManagerFacts => {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = process.env;
  const watchdogMs = Number(usec) / USEC_PER_MS;
  const isWatched = socket !== undefined && watchdogMs > 0 && (pid === undefined || pid === String(process.pid));
  return { ...(socket === undefined ? {} : { socket }), ...(isWatched ? { watchdogMs } : {}) };
};

// A StationError says what to do; anything else is a defect, told by its stack.
try {
  process.exitCode = await main();
} catch (error: unknown) {
  if (error instanceof StationError) {
    process.stderr.write(
      `import-station: ${error.message}\n  What to do: ${error.hint}\n  Code:       ${error.code}\n`,
    );
    process.exitCode = EXIT_REFUSED;
  } else {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`import-station: ${words}\n`);
    process.exitCode = EXIT_SOFTWARE;
  }
}
