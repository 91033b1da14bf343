// What a mistyped job ID may have meant. A person chooses, never the station.

import type { JobId } from './job-id.ts';

/** Those job IDs that are one character (another, one more, one less) or one swap of neighbours away from the text. */
export const similarJobIds = (text: string, jobIds: readonly JobId[]): readonly JobId[] => {
  const typed = text.toUpperCase();
  return jobIds.filter((jobId) => jobId !== typed && isOneStepAway(typed, jobId));
};

const isOneStepAway = (typed: string, jobId: string): boolean => {
  if (Math.abs(typed.length - jobId.length) > 1) return false;
  const start = commonStart(typed, jobId);
  const [a, b] = [typed.slice(start), jobId.slice(start)];
  return (
    // Another character, one too many, one too few, or two neighbours the other way round.
    a.slice(1) === b.slice(1) ||
    a.slice(1) === b ||
    a === b.slice(1) ||
    (a.slice(0, 2) === [...b.slice(0, 2)].reverse().join('') && a.slice(2) === b.slice(2))
  );
};

const commonStart = (a: string, b: string): number => {
  let length = 0;
  while (length < a.length && a.charAt(length) === b.charAt(length)) length += 1;
  return length;
};
