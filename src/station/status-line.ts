// How the station is in one line, as `systemctl status` shows it.

import type { BayRecord } from './station.ts';

/** `2 of 12 bays busy, 1 to be emptied, 1 waits for a person`. */
export const statusLine = (bays: readonly BayRecord[]): string => {
  const kinds = bays.map(({ run, settling }) => run?.state().kind ?? (settling === undefined ? 'empty' : 'settling'));
  const count = (...wanted: readonly string[]): number => kinds.filter((kind) => wanted.includes(kind)).length;
  const busy = kinds.length - count('empty', 'hold', 'done', 'interrupted');
  const done = count('done');
  const held = count('hold');
  return [
    `${String(busy)} of ${String(bays.length)} bays busy`,
    ...(done === 0 ? [] : [`${String(done)} to be emptied`]),
    ...(held === 0 ? [] : [`${String(held)} ${held === 1 ? 'waits' : 'wait'} for a person`]),
  ].join(', ');
};
