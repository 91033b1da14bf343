// `import-station launch`: one connection on the standard streams, one request, one answer, or a loader. Privileged, so
// it reads one short line and nothing else from anyone.

import { Socket } from 'node:net';

import { readConfig } from '#config/read-config.ts';
import type { Config } from '#config/contract.ts';
import { printable } from '#language/printable.ts';
import { SECOND_MS } from '#language/units.ts';
import type { LaunchReply, LaunchRequest } from '#protocol/launch.ts';
import { checkDrive } from './check-drive.ts';
import { tryExclusive, waitExclusive } from './exclusive.ts';
import { startLoader } from './load.ts';
import { probeDrive } from './probe.ts';
import { PRODUCT_FOLDER } from './product.ts';
import { formatReply, problemReply, type LaunchProblem } from './reply.ts';
import { readRequest } from './request.ts';
import { endLoaders } from './running-loaders.ts';
import { switchOff } from './switch-off.ts';

/** What a launcher serves with. */
export interface LaunchDeps {
  readonly config: Config;
  /** Folder whose `src/main.ts loader` becomes the loader; the product itself but in tests. */
  readonly productFolder: string;
}

/** Serves the connection on the standard streams. For `load` it does not return: the process becomes the loader's. */
export const runLaunch = async ({ configPath }: { readonly configPath: string }): Promise<void> => {
  const result = readConfig(configPath);
  await (result.kind === 'ok'
    ? serveLaunch({ config: result.config, productFolder: PRODUCT_FOLDER })
    : refuseAll(`the configuration ${configPath} cannot be used; run import-station config check`));
};

/** Serves the connection on the standard streams with this configuration. */
export const serveLaunch = async (deps: LaunchDeps): Promise<void> => {
  const connection = openConnection();
  const result = await readRequest(connection);
  switch (result.kind) {
    case 'ok':
      await reply(connection, await answer(result.request, deps));
      return;
    case 'problem':
      await reply(connection, problemReply({ code: 'LaunchRefused', message: result.message }));
      return;
    case 'closed':
      connection.destroy();
  }
};

const refuseAll = (message: string): Promise<void> =>
  reply(openConnection(), problemReply({ code: 'LaunchRefused', message }));

// One connection is both standard streams, so one descriptor serves.
const openConnection = (): Socket => {
  const connection = new Socket({ fd: 0, readable: true, writable: true });
  // Whoever asked may be gone; there is nobody to tell then.
  connection.on('error', () => connection.destroy());
  return connection;
};

// Less than the daemon waits, so that it hears why.
const ANSWER_DEADLINE_MS = 50 * SECOND_MS;

const answer = async (request: LaunchRequest, deps: LaunchDeps): Promise<LaunchReply> => {
  const deadline = AbortSignal.timeout(ANSWER_DEADLINE_MS);
  try {
    return await answerWithin(request, deps, deadline);
  } catch (error: unknown) {
    const code = request.kind === 'load' ? 'MountFailed' : 'ProbeFailed';
    if (deadline.aborted) return problemReply({ code, message: 'the drive does not answer in time' });
    // A drive that fails or goes away gives errors anywhere; they are answers here, not crashes.
    if (error instanceof Error && 'code' in error) return problemReply({ code, message: printable(error.message) });
    throw error;
  }
};

const answerWithin = async (
  request: LaunchRequest,
  { config, productFolder }: LaunchDeps,
  signal: AbortSignal,
): Promise<LaunchReply> => {
  // Also for a drive that is gone: its loader hangs in it.
  if (request.kind === 'end') return { kind: 'ended', count: await endLoaders(request) };
  const check = await checkDrive(request, config.bays, signal);
  if (check.kind === 'problem') return request.kind === 'free' ? freeDespite(check) : problemReply(check);
  switch (request.kind) {
    case 'probe': {
      const result = await probeDrive(check.drive, signal);
      if (result.kind === 'problem') return problemReply({ code: 'ProbeFailed', message: printable(result.message) });
      return { kind: 'probed', ...result.probe, volumes: [...result.probe.volumes] };
    }
    case 'free': {
      const result = await waitExclusive(check.drive.device);
      if (result.kind === 'problem') return problemReply({ code: 'ProbeFailed', message: result.message });
      return { kind: 'free', isFree: result.kind === 'free' };
    }
    case 'switch-off': {
      const result = await tryExclusive(check.drive.device);
      if (result.kind === 'problem') return problemReply({ code: 'ProbeFailed', message: result.message });
      return { kind: 'switched-off', isOff: result.kind === 'free' && (await switchOff(check.drive.kernelName)) };
    }
    case 'load':
      return problemReply(
        await startLoader({ request, drive: check.drive, loader: config.launch, productFolder }, signal),
      );
  }
};

// What the host uses is simply not free.
const freeDespite = (problem: LaunchProblem): LaunchReply =>
  problem.code === 'DriveInUse' ? { kind: 'free', isFree: false } : problemReply(problem);

const reply = (connection: Socket, message: LaunchReply): Promise<void> =>
  new Promise((resolve) => {
    // Whoever asked went away meanwhile.
    if (connection.closed) {
      resolve();
      return;
    }
    connection.on('close', () => {
      resolve();
    });
    connection.end(formatReply(message), () => {
      connection.destroy();
    });
  });
