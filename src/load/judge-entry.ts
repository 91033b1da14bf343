// What is to be done with one name of the drive, as far as can be said without reading it. Pure (decision 15).

import type { WalkEntry } from '#drive/walk-volume.ts';
import type { RowCode } from '#import-log/contract.ts';
import { IGNORED_STATUS } from '#import-log/ledger.ts';
import type { ObjectRules } from '#object/contract.ts';

/** What an order says about every file. */
export interface EntryRules {
  readonly rules: ObjectRules;
  readonly maxObjectBytes: number;
  /** Key of the import log where it goes into the same bucket. */
  readonly logKey?: string;
}

/** A row that is certain already, or a file to be sent. `text` is the path with bad bytes as U+FFFD. */
export type EntryVerdict =
  | {
      readonly kind: 'row';
      readonly status: number;
      readonly code: RowCode;
      readonly key: string;
      readonly contentType: string;
    }
  | { readonly kind: 'send'; readonly key: string; readonly text: string };

// The walk's name for the drive's top folder, which no customer has named: a pattern that fits it was not meant for it.
const TOP_FOLDER = './';

/** Judges in the order of decision 15: ignore, kind of file, name, key, size. */
export const judgeEntry = (
  { kind, path, sizeBytes }: Pick<WalkEntry, 'kind' | 'path' | 'sizeBytes'>,
  { rules, maxObjectBytes, logKey }: EntryRules,
): EntryVerdict => {
  const text = path.toString('utf8');
  const row = (status: number, code: RowCode, key: string): EntryVerdict => {
    const isFolder = kind === 'unlistable' || kind === 'too-deep';
    return { kind: 'row', status, code, key, contentType: isFolder ? '' : rules.contentTypeOf(text, false) };
  };
  if (text !== TOP_FOLDER && rules.isIgnored(text)) return row(IGNORED_STATUS, 'Ignored', '');
  switch (kind) {
    case 'link':
    case 'fifo':
    case 'socket':
    case 'device':
      return row(415, 'UnsupportedFileType', rules.keyOf(path).key);
    case 'unreadable':
      return row(500, 'ReadError', rules.keyOf(path).key);
    case 'unlistable':
    case 'too-deep':
      // A directory becomes no object, so it has no key.
      return row(500, 'ReadError', '');
    case 'file': {
      const result = rules.keyOf(path);
      const { key } = result;
      if (result.kind === 'problem') return row(result.status, result.code, key);
      if (sizeBytes > maxObjectBytes) return row(400, 'EntityTooLarge', key);
      if (key === logKey) return row(409, 'KeyCollision', key);
      return { kind: 'send', key, text };
    }
  }
};
