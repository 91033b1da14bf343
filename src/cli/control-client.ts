// Where a command's request goes: to the daemon while one runs, else to the desk over a store of our own.
//
// INVARIANTS
// - A store is never opened while a daemon runs: its lock is taken first.
// - The store is opened only as the owner of the state directory. Root becomes that owner, for good, before it opens
//   anything, so that no file of root's appears among the station's.
// - Files that the caller names are read before that, with the caller's own rights.

import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '#config/contract.ts';
import { refusalSchema } from '#protocol/control.ts';
import type { CliContext } from './context.ts';
import { becomeOwner } from './become-owner.ts';
import { loadConfig } from './load-config.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { refuse, refused, type Answer } from './refusal.ts';
import {
  createSocketTransport,
  findListener,
  type ControlRequest,
  type ControlResponse,
  type Listener,
  type Transport,
} from './socket-transport.ts';

// In rising order; each has a socket of its own.
const RIGHTS = ['read', 'technician', 'operator'] as const;

/** The right that a request needs. */
export type Right = (typeof RIGHTS)[number];

/** Sends one request and checks the answer against its schema; `signal`, by default the command's, ends the wait. */
export type Call = <Value>(
  request: ControlRequest,
  answer: z.ZodType<Value>,
  signal?: AbortSignal,
) => Promise<Answer<Value>>;

/** What a command asks for. */
export interface ControlNeeds {
  readonly configPath: string;
  readonly right: Right;
  /** The request is about drives in bays: only a daemon can answer it. */
  readonly needsDaemon: boolean;
}

/** Hands `use` a way to the daemon or the store and gives its exit code; a refusal on the way is written and ends it. */
export const withControl = async (
  context: CliContext,
  needs: ControlNeeds,
  use: (call: Call, config: Config) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const config = loadConfig(needs.configPath);
  if (config.kind === 'refused') return refuse(context, config.refusal);
  const opened = await openControl({ ...needs, config: config.value }, context);
  if (opened.kind === 'refused') return refuse(context, opened.refusal);
  await using transport = opened.value;
  return await use(callBy(transport, context.signal), config.value);
};

// The way to the daemon, or, where none runs and the request permits it, to a desk over the store.
const openControl = async (
  { config, right, needsDaemon }: Omit<ControlNeeds, 'configPath'> & { readonly config: Config },
  context: CliContext,
): Promise<Answer<Transport>> => {
  const { socketPath, listener } = await findSocket(config, right, context.signal);
  switch (listener) {
    case 'running':
      return { kind: 'ok', value: createSocketTransport(socketPath, context.by()) };
    case 'denied':
      return refused('NotPermitted', { file: socketPath });
    case 'absent': {
      if (needsDaemon) return refused('DaemonNotRunning', { file: socketPath });
      const owner = becomeOwner(config.station);
      if (owner.kind === 'refused') return owner;
      // The store and all of S3 are loaded only where no daemon does the work.
      const { openDesk } = await import('./desk-transport.ts');
      return openDesk(config, context.by());
    }
  }
};

// Each right has those before it, and an operator need not be in the group of the readers.
const findSocket = async (
  { station }: Config,
  right: Right,
  signal: AbortSignal,
): Promise<{ readonly socketPath: string; readonly listener: Listener }> => {
  const paths = RIGHTS.slice(RIGHTS.indexOf(right)).map((name) => join(station.runDir, 'control', `${name}.sock`));
  for (const socketPath of paths) {
    const listener = await findListener(socketPath, signal);
    if (listener !== 'denied') return { socketPath, listener };
  }
  return { socketPath: paths[0] ?? '', listener: 'denied' };
};

const callBy =
  (transport: Transport, commandSignal: AbortSignal): Call =>
  async (request, answer, signal = commandSignal) =>
    readAnswer(await transport.send(request, signal), answer);

const FIRST_ERROR_STATUS = 400;

const readAnswer = <Value>({ status, body }: ControlResponse, answer: z.ZodType<Value>): Answer<Value> => {
  if (status >= FIRST_ERROR_STATUS) {
    const refusal = refusalSchema.safeParse(body);
    return refusal.success
      ? { kind: 'refused', refusal: refusal.data }
      : refused('ProtocolError', { message: `a refusal with status ${String(status)} has no known form` });
  }
  const value = answer.safeParse(body);
  return value.success
    ? { kind: 'ok', value: value.data }
    : refused('ProtocolError', { message: `the answer has another form than expected at ${pathOf(value.error)}` });
};

const pathOf = (error: z.ZodError): string => error.issues.map(({ path }) => path.join('.')).join(', ');

/** Sends one request and gives its answer, or why there is none, without a word to anybody. */
export const tryAsk = async <Value>(
  context: CliContext,
  {
    config,
    request,
    answer,
    ...needs
  }: Omit<ControlNeeds, 'configPath'> & {
    readonly config: Config;
    readonly request: ControlRequest;
    readonly answer: z.ZodType<Value>;
  },
  signal: AbortSignal = context.signal,
): Promise<Answer<Value>> => {
  const opened = await openControl({ ...needs, config }, context);
  if (opened.kind === 'refused') return opened;
  await using transport = opened.value;
  return await callBy(transport, signal)(request, answer);
};

/** Hands the bytes of a daemon's text answer to `take`; a refusal is written. Gives the exit code. */
export const receiveText = async (
  context: CliContext,
  { configPath, right, request }: Omit<ControlNeeds, 'needsDaemon'> & { readonly request: ControlRequest },
  take: (bytes: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<ExitCode> => {
  const config = loadConfig(configPath);
  if (config.kind === 'refused') return refuse(context, config.refusal);
  const { socketPath, listener } = await findSocket(config.value, right, context.signal);
  if (listener !== 'running') {
    const code = listener === 'denied' ? 'NotPermitted' : 'DaemonNotRunning';
    return refuse(context, refused(code, { file: socketPath }).refusal);
  }
  const answer = await createSocketTransport(socketPath, context.by()).receive(request, take, context.signal);
  const given = answer === undefined ? undefined : readAnswer(answer, z.never());
  return given?.kind === 'refused' ? refuse(context, given.refusal) : EXIT_CODES.ok;
};

/** Sends one request and hands its answer to `use`; a refusal is written. Gives the exit code. */
export const ask = <Value>(
  context: CliContext,
  { request, answer, ...needs }: ControlNeeds & { readonly request: ControlRequest; readonly answer: z.ZodType<Value> },
  use: (value: Value) => void,
): Promise<ExitCode> =>
  withControl(context, needs, async (call) => {
    const given = await call(request, answer);
    if (given.kind === 'refused') return refuse(context, given.refusal);
    use(given.value);
    return EXIT_CODES.ok;
  });
