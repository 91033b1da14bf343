// The journal for operators: pino's JSON lines on stdout, each with the priority prefix that journald reads (sd-daemon(3)).

import { pino, type Logger } from 'pino';

/** The station's journal. Messages are constant strings, facts go in fields. */
export type Journal = Logger;

/** Where the lines go: stdout, or a double. */
export interface JournalSink {
  write(text: string): void;
}

// syslog priorities of pino's levels: fatal 2 (crit), error 3, warn 4, info 6, debug and trace 7.
const PRIORITY_STEPS = [
  { atLeast: 60, priority: 2 },
  { atLeast: 50, priority: 3 },
  { atLeast: 40, priority: 4 },
  { atLeast: 30, priority: 6 },
] as const;
const DEBUG_PRIORITY = 7;
const PINO_METADATA = Symbol.for('pino.metadata');

/** Makes the journal. */
export const createJournal = (level: 'debug' | 'info' | 'warn' | 'error', sink: JournalSink): Journal => {
  const stream = {
    [PINO_METADATA]: true,
    lastLevel: 30,
    write(line: string): void {
      sink.write(`<${String(priorityOf(stream.lastLevel))}>${line}`);
    },
  };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
};

const priorityOf = (level: number): number =>
  PRIORITY_STEPS.find(({ atLeast }) => level >= atLeast)?.priority ?? DEBUG_PRIORITY;
