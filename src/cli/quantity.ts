// Sizes, rates and times as people write and read them.

import { GIB, HOUR_MS, KIB, MIB, MINUTE_MS, SECOND_MS, TIB } from '#language/units.ts';

const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ['TiB', TIB],
  ['GiB', GIB],
  ['MiB', MIB],
  ['KiB', KIB],
];

const SIZE = /^(?<count>\d{1,16})(?<unit>KiB|MiB|GiB|TiB)?$/u;

/** `1.5 GiB`, `512 bytes`. */
export const formatSize = (bytes: number): string => {
  const unit = SIZE_UNITS.find(([, size]) => bytes >= size);
  if (unit === undefined) return bytes === 1 ? '1 byte' : `${String(bytes)} bytes`;
  return `${(bytes / unit[1]).toFixed(1)} ${unit[0]}`;
};

/** Reads `5TiB`, `100MiB` or a plain number of bytes; undefined where the text is neither. */
export const parseSize = (text: string): number | undefined => {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const factor = SIZE_UNITS.find(([unit]) => unit === match.groups?.['unit'])?.[1] ?? 1;
  const bytes = Number(match.groups?.['count']) * factor;
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
};

/** `12,345 files`, `1 file`. */
export const formatFiles = (files: number): string => `${formatCount(files)} ${files === 1 ? 'file' : 'files'}`;

/** `12,345`. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/gu, ',');

/** `2 h 05 min`, `3 min`, `less than a minute`. */
export const formatDuration = (seconds: number): string => {
  const minutes = Math.round((seconds * SECOND_MS) / MINUTE_MS);
  if (minutes < 1) return 'less than a minute';
  const minutesOfHour = HOUR_MS / MINUTE_MS;
  if (minutes < minutesOfHour) return `${String(minutes)} min`;
  return `${String(Math.floor(minutes / minutesOfHour))} h ${String(minutes % minutesOfHour).padStart(2, '0')} min`;
};

/** `2026-11-24 09:15 UTC` from an ISO date; the text itself where it is none. */
export const formatDate = (iso: string): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return `${date.toISOString().slice(0, '2026-11-24T09:15'.length).replace('T', ' ')} UTC`;
};
