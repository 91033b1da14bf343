// Reads the fields of one map of a manifest by rules, and tells what is missing, wrong or unknown.

import { printable } from '#language/printable.ts';

import type { Located, ManifestProblemCode } from './manifest.ts';
import { given } from './given.ts';
import type { Findings, ManifestEntry, ManifestNode, MapNode, ScalarNode } from './manifest-tree.ts';

/** What a rule makes of a text: a value, or what it expects instead. */
export type Checked<Value> = { readonly value: Value } | { readonly expected: string };

/** The rule of one field. Pure; never repeats the text. */
export type Rule<Value> = (text: string) => Checked<Value>;

/** Options of a field reader. */
export interface FieldReaderOptions {
  readonly map: MapNode;
  /** What stands in front of the fields' names in findings, with its dot; empty at the top. */
  readonly path: string;
  /** Codes of a missing field and of a wrong value; an unknown field is always an InvalidManifestField. */
  readonly missingCode: ManifestProblemCode;
  readonly invalidCode: ManifestProblemCode;
  readonly findings: Findings;
}

/** Reads fields by name; every defect becomes a finding and gives undefined. An empty value is not given (spec 1.1). */
export interface FieldReader {
  readonly optional: <Value>(name: string, rule: Rule<Value>) => Located<Value> | undefined;
  readonly required: <Value>(name: string, rule: Rule<Value>) => Located<Value> | undefined;
  readonly list: (name: string) => readonly ScalarNode[];
  readonly map: (name: string) => MapNode | undefined;
  /** True where the field has any value, even a wrong one. */
  readonly isGiven: (name: string) => boolean;
  /** Reports a value by its field's name, which need not be known. */
  readonly refuse: (name: string, message: string) => void;
  /** Reports a field that should be there. */
  readonly miss: (name: string) => void;
  /** Reports every field that nobody has asked for. */
  readonly refuseUnknown: () => void;
}

const LONGEST_QUOTE = 60;

// In lower case: whoever mistypes a field, or puts it into another map, must not find its value in a mail.
const SECRET_FIELDS: ReadonlySet<string> = new Set(['pincode', 'truecryptpassword']);

const EXPECTED_TEXT = 'text';

/** A text as a finding repeats it: printable, in quotes, at most 60 characters. */
export const quoteValue = (text: string): string => {
  const characters = Array.from(text);
  const isLong = characters.length > LONGEST_QUOTE;
  return `"${printable(characters.slice(0, LONGEST_QUOTE).join(''))}${isLong ? '...' : ''}"`;
};

/** Makes the reader of one map. */
export const createFieldReader = (options: FieldReaderOptions): FieldReader => {
  const { map, path, findings } = options;
  const entries = new Map(map.entries.map((entry) => [entry.name, entry]));
  const asked = new Set<string>();

  const entryOf = (name: string): ManifestEntry | undefined => {
    asked.add(name);
    const entry = entries.get(name);
    return entry === undefined || isEmpty(entry.value) ? undefined : entry;
  };
  const refuse = (name: string, message: string): void => {
    const line = entries.get(name)?.line;
    const field = `${path}${printable(name)}`;
    findings.add({ code: options.invalidCode, field, message, ...given({ line }) });
  };
  const miss = (name: string): void => {
    const field = `${path}${name}`;
    findings.add({ code: options.missingCode, field, message: `"${field}" is missing` });
  };
  const optional = <Value>(name: string, rule: Rule<Value>): Located<Value> | undefined => {
    const entry = entryOf(name);
    if (entry === undefined || !isShape(entry, 'scalar', EXPECTED_TEXT, refuse)) return undefined;
    const checked = rule(entry.value.text);
    if ('value' in checked) return { value: checked.value, line: entry.line };
    const found = SECRET_FIELDS.has(name.toLowerCase()) ? '' : `, found ${quoteValue(entry.value.text)}`;
    refuse(name, `expected ${checked.expected}${found}`);
    return undefined;
  };

  return {
    optional,
    required: (name, rule) => {
      if (entryOf(name) === undefined) miss(name);
      return optional(name, rule);
    },
    list: (name) => {
      const entry = entryOf(name);
      return entry !== undefined && isShape(entry, 'list', 'a list', refuse) ? entry.value.items : [];
    },
    map: (name) => {
      const entry = entryOf(name);
      return entry !== undefined && isShape(entry, 'map', 'a map of names and values', refuse)
        ? entry.value
        : undefined;
    },
    isGiven: (name) => entryOf(name) !== undefined,
    refuse,
    miss,
    refuseUnknown: () => {
      for (const entry of map.entries) {
        if (!asked.has(entry.name)) findings.add(unknownField(entry, path, asked));
      }
    },
  };
};

const isEmpty = (node: ManifestNode): boolean => {
  switch (node.kind) {
    case 'scalar':
      return node.text === '';
    case 'list':
      return node.items.length === 0;
    case 'map':
      return node.entries.length === 0;
    case 'opaque':
      return false;
  }
};

const SHAPES = { scalar: 'text', list: 'a list', map: 'a map', opaque: 'something else' } as const;

type EntryOf<Kind extends ManifestNode['kind']> = ManifestEntry & { readonly value: ManifestNode & { kind: Kind } };

// An opaque value was reported when it was read.
const isShape = <Kind extends 'scalar' | 'list' | 'map'>(
  entry: ManifestEntry,
  kind: Kind,
  expected: string,
  refuse: FieldReader['refuse'],
): entry is EntryOf<Kind> => {
  const found = entry.value.kind;
  if (found === kind) return true;
  if (found === 'opaque') return false;
  // The templates mark what is to be filled in as [placeholder] (spec 1.1).
  const hint = kind === 'scalar' ? " (a template's brackets must be removed, or put quotes around)" : '';
  refuse(entry.name, `expected ${expected}, found ${SHAPES[found]}${hint}`);
  return false;
};

const unknownField = (
  entry: ManifestEntry,
  path: string,
  known: ReadonlySet<string>,
): {
  readonly code: 'InvalidManifestField';
  readonly field: string;
  readonly line: number;
  readonly message: string;
} => {
  const field = `${path}${printable(entry.name)}`;
  const lowerCase = entry.name.toLowerCase();
  const meant = [...known].find((name) => name.toLowerCase() === lowerCase);
  const hint = meant === undefined ? '' : `, expected "${path}${meant}"`;
  return { code: 'InvalidManifestField', field, line: entry.line, message: `"${field}" is no known field${hint}` };
};
