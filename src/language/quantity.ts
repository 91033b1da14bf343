// Sizes, rates and times as people write and read them.

import { GIB, HOUR_MS, KIB, MIB, MINUTE_MS, SECOND_MS, TIB } from './units.ts';

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

/** `09:15:02 UTC` from an ISO date; the text itself where it is none. */
export const formatClock = (iso: string): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return `${date.toISOString().slice('2026-11-24T'.length, '2026-11-24T09:15:02'.length)} UTC`;
};

// Decimal, as makers print it on the drive.
const DECIMAL = 1000;
const DRIVE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `2.0 TB`: the size of a drive, in the decimal units that its label has. */
export const formatDriveSize = (sizeBytes: number): string => {
  const power = Math.min(Math.floor(Math.log10(Math.max(sizeBytes, 1)) / Math.log10(DECIMAL)), DRIVE_UNITS.length - 1);
  const value = sizeBytes / DECIMAL ** power;
  return `${power === 0 ? String(value) : value.toFixed(1)} ${DRIVE_UNITS[power] ?? 'B'}`;
};
