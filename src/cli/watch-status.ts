// `status --watch`: the technician's screen on a terminal, news line by line in a pipe. It outlives the daemon: while
// that does not answer, the screen says so over what it knew last, and goes on when it answers again.
//
// INVARIANTS
//   However the watch ends, a terminal is left as it was found.
//   A terminal's picture is drawn from the last status alone, so that another size needs no question.

import { setTimeout as delay } from 'node:timers/promises';
import { StationError } from '#language/station-error.ts';
import { SECOND_MS } from '#language/units.ts';
import { statusSchema, type Refusal, type StationStatus } from '#protocol/control.ts';
import { createChanges } from '#screen/changes.ts';
import { drawScreen, drawSilence, type Silence } from '#screen/draw.ts';
import { ENTER_PICTURE, LEAVE_PICTURE, paint } from '#screen/terminal.ts';
import type { CliContext, CliStreams } from './context.ts';
import type { Call } from './control-client.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { writeLines } from './output.ts';
import { refuse } from './refusal.ts';

const ASK_EVERY_MS = SECOND_MS;
/** A daemon that takes longer for a status than this is in no better state than one that is not there. */
const ANSWER_TIMEOUT_MS = 5 * SECOND_MS;
// A terminal that does not tell its size (a serial line) is taken for the smallest.
const SMALLEST = { columns: 80, rows: 24 };

interface View extends Disposable {
  show(status: StationStatus): void;
  showSilence(silence: Silence): void;
}

/** Watches until the signal, or until nobody reads any more. */
export const watchStatus = async (context: CliContext, call: Call): Promise<ExitCode> => {
  const { stdout } = context.io;
  const left = new AbortController();
  const leave = (): void => {
    left.abort();
  };
  // EPIPE of a pipe that was closed, EIO of a terminal that hung up.
  stdout.once('error', leave);
  try {
    using view = stdout.isTTY === true ? createScreen(stdout) : createNews(stdout);
    const refusal = await watch(view, call, AbortSignal.any([context.signal, left.signal]));
    view[Symbol.dispose]();
    return refuse(context, refusal);
  } catch (error: unknown) {
    if (left.signal.aborted) return EXIT_CODES.ok;
    throw error;
  } finally {
    stdout.removeListener('error', leave);
  }
};

/** Watches as JSON, one status a line. */
export const watchJson = async (context: CliContext, call: Call): Promise<ExitCode> => {
  for (;;) {
    const answer = await call({ method: 'GET', path: '/status' }, statusSchema);
    if (answer.kind === 'refused') return refuse(context, answer.refusal);
    context.io.stdout.write(`${JSON.stringify(answer.value)}\n`);
    await delay(ASK_EVERY_MS, undefined, { signal: context.signal });
  }
};

// Ends only with a refusal, which no waiting changes, or with the signal.
const watch = async (view: View, call: Call, signal: AbortSignal): Promise<Refusal> => {
  let since: string | undefined;
  for (;;) {
    const answer = await askOnce(call, signal);
    if (answer?.kind === 'refused') return answer.refusal;
    if (answer === undefined) {
      since ??= new Date().toISOString();
      view.showSilence({ since });
    } else {
      since = undefined;
      view.show(answer.value);
    }
    await delay(ASK_EVERY_MS, undefined, { signal });
  }
};

// Undefined where the daemon is not there or does not answer in time.
const askOnce = async (
  call: Call,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof call<StationStatus>>> | undefined> => {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    return await call({ method: 'GET', path: '/status' }, statusSchema, limit);
  } catch (error: unknown) {
    signal.throwIfAborted();
    if (limit.aborted || error instanceof StationError) return undefined;
    throw error;
  }
};

const createScreen = (stdout: CliStreams['stdout']): View => {
  let draw: (() => readonly string[]) | undefined;
  const isColoured = stdout.hasColors?.() === true;
  const size = (): Parameters<typeof drawScreen>[1] => ({
    columns: positive(stdout.columns) ?? SMALLEST.columns,
    rows: positive(stdout.rows) ?? SMALLEST.rows,
    isColoured,
  });
  const redraw = (): void => {
    if (draw !== undefined) stdout.write(paint(draw(), size().rows));
  };
  let last: StationStatus | undefined;
  stdout.write(ENTER_PICTURE);
  stdout.on('resize', redraw);
  let isOver = false;
  return {
    show: (status) => {
      last = status;
      draw = () => drawScreen(status, size());
      redraw();
    },
    showSilence: (silence) => {
      const known = last;
      draw = () => (known === undefined ? drawSilence(silence, size()) : drawScreen(known, size(), silence));
      redraw();
    },
    [Symbol.dispose]: () => {
      if (isOver) return;
      isOver = true;
      stdout.removeListener('resize', redraw);
      stdout.write(LEAVE_PICTURE);
    },
  };
};

const positive = (number: number | undefined): number | undefined =>
  number !== undefined && number > 0 ? number : undefined;

const createNews = (stdout: CliStreams['stdout']): View => {
  const changes = createChanges();
  return {
    show: (status) => {
      writeLines(stdout, changes.next(status));
    },
    showSilence: (silence) => {
      writeLines(stdout, changes.silent(silence));
    },
    [Symbol.dispose]: () => undefined,
  };
};
