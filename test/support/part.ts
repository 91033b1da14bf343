// A program that a test keeps running beside itself, and what is left of one.

import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A running part of a station. */
export interface Part {
  readonly pid: number;
  /** Sends a signal and waits for the end; gives the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  readonly isRunning: () => boolean;
  readonly stderr: () => string;
}

const END_DEADLINE_MS = 30_000;

/** Watches over a child whose stdout and stderr are pipes; Node's warnings on its stderr are added to `warnings`. */
export const createPart = (child: ChildProcess, warnings: string[]): Part => {
  const stderr: string[] = [];
  const exited = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    // `exit` and not `close`: a loader that goes on for a moment holds the launcher's stderr open.
    child.once('exit', (code, signal) => {
      resolve(code ?? signal ?? 0);
    });
  });
  // Whoever ends the part hears of it; nobody else waits.
  exited.catch(() => undefined);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr.push(text);
    if (/\(node:\d+\) |Warning:/u.test(text)) warnings.push(text);
  });
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    isRunning,
    stderr: () => stderr.join(''),
    end: async (signal) => {
      if (isRunning()) child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), END_DEADLINE_MS);
      try {
        return await exited;
      } finally {
        clearTimeout(late);
      }
    },
  };
};

/** Id and command line of every process whose command line holds this text, such as the path of its configuration. */
export const processesWith = async (text: string): Promise<readonly string[]> => {
  const lines: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/u.test(name) || name === String(process.pid)) continue;
    // It may be gone by now.
    const line = await readFile(join('/proc', name, 'cmdline'), 'utf8').catch(() => '');
    if (line.includes(text)) lines.push(`${name} ${line.replaceAll('\0', ' ')}`);
  }
  return lines;
};
