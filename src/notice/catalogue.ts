// The reason catalogue: for every code of the product what happened, who acts and what to do now. The codes are unions
// in the rooms where they arise; the words live here. One entry per code, so a code means one thing everywhere.

import assert from 'node:assert/strict';
import { printable } from '#language/printable.ts';
import { shellWord } from '#language/shell-word.ts';
import { BUCKET_REASONS } from './bucket-reasons.ts';
import { BAY_REASONS } from './bay-reasons.ts';
import { COMMAND_REASONS, DESK_REASONS } from './command-reasons.ts';
import type { Notice, Reason, WayOut } from './contract.ts';
import { DRIVE_REASONS } from './drive-reasons.ts';
import { ABORT_REASONS, MANIFEST_REASONS } from './job-reasons.ts';
import { REFUSED_BY_BUCKET, ROW_REASONS } from './row-reasons.ts';
import { LOAD_REASONS, SIGNATURE_REASONS, STATION_REASONS } from './station-reasons.ts';
import { WAYS_OUT } from './ways-out.ts';
import { PLACEHOLDERS, type Family } from './words.ts';

const WAYS_BY_CODE: ReadonlyMap<string, readonly WayOut[]> = new Map(Object.entries(WAYS_OUT));

const listed = (kind: Reason['kind'], family: Family): readonly Reason[] =>
  Object.entries(family).map(([code, words]) => ({ code, kind, ...words, waysOut: WAYS_BY_CODE.get(code) ?? [] }));

/** Every entry of the catalogue. */
export const REASONS: readonly Reason[] = [
  ...listed('hold', DRIVE_REASONS),
  ...listed('hold', SIGNATURE_REASONS),
  ...listed('hold', LOAD_REASONS),
  ...listed('hold', STATION_REASONS),
  ...listed('hold', BUCKET_REASONS),
  ...listed('row', ROW_REASONS),
  ...listed('refusal', MANIFEST_REASONS),
  ...listed('refusal', ABORT_REASONS),
  ...listed('refusal', DESK_REASONS),
  ...listed('refusal', COMMAND_REASONS),
  ...listed('refusal', BAY_REASONS),
];

const REASON_BY_CODE: ReadonlyMap<string, Reason> = new Map(REASONS.map((reason) => [reason.code, reason]));

/** The entry of a code; undefined where the catalogue has none, which only S3's own codes may be. */
export const reasonOf = (code: string): Reason | undefined => REASON_BY_CODE.get(code);

/**
 * The words for a hold or a refusal with its details filled in, printable. What a sentence wants and `details` lack
 * becomes a neutral word. A code without an entry is a bug of the room that gave it.
 */
export const noticeOf = (code: string, details: Readonly<Record<string, string>> = {}): Notice => {
  const reason = reasonOf(code);
  assert(reason !== undefined, `every code of a hold or refusal has its entry in the catalogue, "${code}" has none`);
  return fill(reason, details);
};

/** The words for a row of an import log; S3's own codes, which the catalogue does not list, share one entry. */
export const rowNoticeOf = (code: string): Notice => {
  const reason = reasonOf(code);
  return reason?.kind === 'row' ? fill(reason, {}) : { code: printable(code), ...REFUSED_BY_BUCKET, waysOut: [] };
};

const fill = (reason: Reason, details: Readonly<Record<string, string>>): Notice => ({
  code: reason.code,
  happened: fillSentence(reason.happened, details),
  actor: reason.actor,
  todo: fillSentence(reason.todo, details),
  retryHelps: reason.retryHelps,
  waysOut: reason.waysOut,
});

const PLACEHOLDER = /\{(?<name>[A-Za-z]+)\}/gu;

// What stands between backquotes is a command that a person types as it stands.
const fillSentence = (sentence: string, details: Readonly<Record<string, string>>): string =>
  sentence
    .split('`')
    .map((part, index) => fillPart(part, details, index % 2 === 1))
    .join('`');

const fillPart = (part: string, details: Readonly<Record<string, string>>, isCommand: boolean): string =>
  part.replace(PLACEHOLDER, (_whole: string, name: string) => {
    const fallback = PLACEHOLDERS[name];
    assert(fallback !== undefined, `every placeholder of the catalogue is known, "${name}" is not`);
    const detail = detailOf(name, details);
    if (detail === undefined) return fallback;
    const text = printable(formatDetail(name, detail));
    return isCommand ? shellWord(text) : text;
  });

// Why something failed is one thing, whatever the room that says it calls it.
const CAUSES: readonly string[] = ['message', 'problem', 'inUseBy'];

const detailOf = (name: string, details: Readonly<Record<string, string>>): string | undefined => {
  const names = CAUSES.includes(name) ? [name, ...CAUSES] : [name];
  return names.map((one) => details[one]).find((detail) => detail !== undefined && detail !== '');
};

const ISO_DAY = /^\d{4}-\d{2}-\d{2}(?=T)/u;

// A day says enough; digits are read in groups; a detail that brings its own period must not end the sentence twice.
const formatDetail = (name: string, detail: string): string => {
  switch (name) {
    case 'date':
      return ISO_DAY.exec(detail)?.[0] ?? detail;
    case 'size':
      return /^\d+$/u.test(detail) ? detail.replace(/\B(?=(?:\d{3})+$)/gu, ',') : detail;
    default:
      return detail.replace(/\.+$/u, '');
  }
};
