// The screen where there is no terminal: one line for each thing that happens, and now and then how far a load is.

import { ACTOR_NAMES } from '#notice/actors.ts';
import { formatWaysOut } from '#notice/way-names.ts';
import { formatDate } from '#language/quantity.ts';
import { shown } from '#language/shown.ts';
import { MINUTE_MS } from '#language/units.ts';
import type { BayStatus, StationStatus } from '#protocol/control.ts';
import { silenceWords, type Silence } from './draw.ts';
import { amountWords, formatPercent, limitWords, rateWords, shareOf, timeWords } from './words.ts';

/** Tells what is new. */
export interface Changes {
  /** Lines for what has changed since the last status; all of it the first time. */
  next(status: StationStatus): readonly string[];
  /** A line where the station has just fallen silent. */
  silent(silence: Silence): readonly string[];
}

/** Ours: progress is news once in so long. */
const PROGRESS_EVERY_MS = MINUTE_MS;

interface Told {
  readonly words: string;
  readonly atMs: number;
}

/** Starts telling. */
export const createChanges = (): Changes => {
  const told = new Map<string, Told>();
  let isSilent = false;
  return {
    next: (status) => {
      isSilent = false;
      const atMs = new Date(status.madeAt).getTime();
      const time = formatDate(status.madeAt);
      const seen = new Set<string>();
      const news = placesOf(status).flatMap(({ place, words, progress }) => {
        seen.add(place);
        const before = told.get(place);
        const isDue = progress !== '' && atMs - (before?.atMs ?? atMs) >= PROGRESS_EVERY_MS;
        if (before?.words === words && !isDue) return [];
        told.set(place, { words, atMs });
        return [`${time}  ${place}: ${words}${progress}`];
      });
      const gone = [...told.keys()].filter((place) => !seen.has(place));
      for (const place of gone) told.delete(place);
      return [...news, ...gone.map((place) => `${time}  ${place}: no longer held`)];
    },
    silent: (silence) => {
      if (isSilent) return [];
      isSilent = true;
      // What changes meanwhile is told anew, all of it, when it answers again.
      told.clear();
      return [`${formatDate(silence.since)}  ${silenceWords(silence)}`];
    },
  };
};

interface Place {
  readonly place: string;
  /** What makes news when it changes. */
  readonly words: string;
  readonly progress: string;
}

const placesOf = ({ bays, holds }: StationStatus): readonly Place[] => [
  ...holds
    .filter(({ bay }) => bay === undefined)
    .map((hold) => ({
      place: hold.jobId === undefined ? 'This station' : `Job ${hold.jobId}`,
      words: holdWords(hold),
      progress: '',
    })),
  ...bays.map((bay) => ({ place: shown(bay.bay), words: bayWords(bay), progress: progressWords(bay) })),
];

const bayWords = ({ hold, says, jobId }: BayStatus): string =>
  `${hold === undefined ? shown(says) : holdWords(hold)}${jobId === undefined ? '' : `, job ${jobId}`}`;

const holdWords = ({ code, happened, actor, todo, waysOut }: NonNullable<BayStatus['hold']>): string => {
  const ways = waysOut.length === 0 ? '' : ` Ways out: ${formatWaysOut(waysOut)}.`;
  return `HOLD ${code}: ${shown(happened)} Who acts: ${ACTOR_NAMES[actor]}. What to do: ${shown(todo)}${ways}`;
};

const progressWords = ({ progress, activity }: BayStatus): string => {
  if (progress === undefined || activity !== 'loading') return '';
  const time = timeWords(progress);
  const parts = [
    formatPercent(shareOf(progress)),
    amountWords(progress),
    rateWords(progress),
    ...(time === undefined ? [] : [`${time} left`]),
    limitWords(progress) ?? '',
  ].filter((part) => part !== '');
  return `, ${parts.join(', ')}`;
};
