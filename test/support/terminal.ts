// A real terminal for tests: a tmux server of its own with one window, and a shell in it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun } from './run.ts';
import { until } from './wait.ts';

/** Size of a window. */
export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** Settings of a terminal. */
export interface TerminalOptions extends WindowSize {
  /** Environment of the shell. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A terminal. Disposing ends its shell and whatever runs in it. */
export interface Terminal extends AsyncDisposable {
  /** Types a line. */
  type(line: string): Promise<void>;
  /** Types text without ending the line. */
  write(text: string): Promise<void>;
  /** Presses one key, by tmux's name: `C-c`. */
  press(key: string): Promise<void>;
  resize(size: WindowSize): Promise<void>;
  /** Lines that are shown, without blanks at their ends; empty ones at the bottom are left out. */
  lines(): Promise<readonly string[]>;
  /** The same with its colours. */
  colouredText(): Promise<string>;
  /** What tmux knows of the pane, such as `alternate_on`. */
  flag(name: string): Promise<string>;
  /** Waits until what is shown is as wished, and gives it. */
  waitFor(what: string, isWished: (lines: readonly string[]) => boolean): Promise<readonly string[]>;
}

/** Opens a terminal. */
export const openTerminal = async ({ columns, rows, env = {} }: TerminalOptions): Promise<Terminal> => {
  const folder = await mkdtemp(join(tmpdir(), 'terminal-'));
  const socket = join(folder, 'tmux');
  const whole = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', HOME: folder, PS1: '$ ', ...env };
  const tmux = (...args: readonly string[]): Promise<string> =>
    run('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env: whole });
  await tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), '/bin/sh');
  await tmux('set-option', '-g', 'status', 'off');
  const resize = async (size: WindowSize): Promise<void> => {
    await tmux('resize-window', '-x', String(size.columns), '-y', String(size.rows));
  };
  // The row of the status line is the window's again.
  await resize({ columns, rows });
  const lines = async (): Promise<readonly string[]> => {
    const shown = (await tmux('capture-pane', '-p')).split('\n').map((line) => line.trimEnd());
    return shown.slice(0, shown.findLastIndex((line) => line !== '') + 1);
  };
  return {
    type: async (line) => {
      await tmux('send-keys', '-l', line);
      await tmux('send-keys', 'Enter');
    },
    write: async (text) => {
      await tmux('send-keys', '-l', text);
    },
    press: async (key) => {
      await tmux('send-keys', key);
    },
    resize,
    lines,
    colouredText: () => tmux('capture-pane', '-p', '-e'),
    flag: async (name) => (await tmux('display-message', '-p', `#{${name}}`)).trim(),
    waitFor: async (what, isWished) => {
      let last: readonly string[] = [];
      return until(
        async () => {
          last = await lines();
          return isWished(last) ? last : undefined;
        },
        { what, everyMs: 100, deadlineMs: 30_000, describe: () => last.join('\n') },
      );
    },
    [Symbol.asyncDispose]: async () => {
      await tryRun('tmux', ['-S', socket, 'kill-server'], { env: whole });
      await until(async () => (await tryRun('tmux', ['-S', socket, 'has-session'], { env: whole })).exitCode !== 0, {
        what: 'tmux has ended',
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
};
