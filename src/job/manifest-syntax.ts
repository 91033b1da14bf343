// From a manifest's lines to its tree: the lenient YAML subset of spec 1.1, never deeper than a map or list in a map.
// It goes on after a defect, so that one reading tells all of them.

import { printable } from '#language/printable.ts';

import { given } from './given.ts';
import type { Findings, ManifestEntry, ManifestNode, MapNode, ScalarNode } from './manifest-tree.ts';
import { isFlow, readFlow } from './manifest-flow.ts';
import {
  isBlankOrComment,
  isQuoted,
  readBehindColon,
  readLiteral,
  readQuoted,
  readScalar,
  trimBlanks,
} from './manifest-scalar.ts';

/** Fields whose content has a syntax of its own. */
export interface SyntaxRules {
  /** Lists whose unquoted items are taken to the end of the line. */
  readonly literalLists: ReadonlySet<string>;
  /** Fields that are refused by name, so what stands below them is not read. */
  readonly opaque: ReadonlySet<string>;
}

interface Row {
  readonly line: number;
  readonly indent: number;
  readonly hasTab: boolean;
  readonly content: string;
}

// A top-level field while its children are still being read.
interface Draft {
  readonly name: string;
  readonly line: number;
  readonly isNameQuoted: boolean;
  readonly inline: ManifestNode;
  readonly children: ManifestEntry[];
  readonly items: ScalarNode[];
  // Of the first child: all the others must have it, or a line would land in a map that its author had left (spec 1.1).
  childIndent: number | undefined;
  // Children are passed over: their field is refused by name, or what is wrong with them was told once.
  isSpoiled: boolean;
}

// The field, by its dotted name, where it is known by then.
type Complain = (message: string, field?: string) => void;

const LIST_ITEM = /^-(?:[ \t]+(.*))?$/su;
const ENTRY_WISH = 'expected `name: value`, or `- item` in a list';

/**
 * Reads a manifest's lines into a tree. Defects are MalformedManifest findings; the tree holds all that could be read.
 * Duplicate names are reported, the first one is kept.
 */
export const parseManifestSyntax = (lines: readonly string[], rules: SyntaxRules, findings: Findings): MapNode => {
  const rows = lines.map(toRow).filter((row) => !isBlankOrComment(row.content));
  const base = rows[0]?.indent ?? 0;
  const drafts: Draft[] = [];
  let current: Draft | undefined;
  for (const [index, row] of rows.entries()) {
    // A YAML document marker in front says nothing.
    if (index === 0 && row.content === '---') continue;
    const complain: Complain = (message, field) => {
      findings.add({ code: 'MalformedManifest', line: row.line, message, ...given({ field }) });
    };
    checkIndentation(row, base, complain);
    const item = LIST_ITEM.exec(row.content);
    if (item !== null) {
      addItem({ draft: current, text: item[1] ?? '', row, rules, complain });
    } else if (row.indent <= base) {
      current = readDraft(row, complain);
      if (current !== undefined) drafts.push(current);
    } else {
      addChild({ draft: current, row, rules, complain });
    }
  }
  const entries = drafts.map((draft) => toEntry(draft, rules));
  return { kind: 'map', entries: withoutDuplicates(entries, '', findings) };
};

const toRow = (text: string, index: number): Row => {
  const indent = text.search(/[^ \t]|$/u);
  const hasTab = text.slice(0, indent).includes('\t');
  return { line: index + 1, indent, hasTab, content: trimBlanks(text) };
};

const checkIndentation = (row: Row, base: number, complain: Complain): void => {
  if (row.hasTab) complain('the line is indented by a TAB, expected spaces');
  else if (row.indent < base) complain('the line is indented less than the first one');
};

// `name: value` and `name:value` alike (spec 1.1): an unquoted name ends at the first colon.
const readEntry = (row: Row, path: string, complain: Complain): ManifestEntry | undefined => {
  const name = readName(row.content, complain);
  if (name === undefined) return undefined;
  const source = trimBlanks(name.rest);
  const value = isFlow(source) ? readFlow(source, row.line) : readBehindColon(name.rest, row.line);
  if (value.kind === 'problem') complain(value.message, `${path}${printable(name.text)}`);
  const node: ManifestNode = value.kind === 'ok' ? value.node : { kind: 'opaque' };
  return { name: name.text, line: row.line, isNameQuoted: name.isQuoted, value: node };
};

interface Name {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly rest: string;
}

const readName = (content: string, complain: Complain): Name | undefined => {
  const name = isQuoted(content) ? readQuotedName(content, complain) : readPlainName(content);
  if (name === undefined) return undefined;
  if (name.rest.startsWith(':') && (name.isQuoted || name.text !== '')) return { ...name, rest: name.rest.slice(1) };
  complain(`the line has no name before a colon, ${ENTRY_WISH}`);
  return undefined;
};

const readQuotedName = (content: string, complain: Complain): Name | undefined => {
  const quoted = readQuoted(content);
  if (quoted.kind === 'ok') return { text: quoted.text, isQuoted: true, rest: trimBlanks(quoted.rest) };
  complain(quoted.message);
  return undefined;
};

const readPlainName = (content: string): Name => {
  const colon = content.search(/:|[ \t]#|$/u);
  const isNamed = content.charAt(colon) === ':' && !isFlow(content);
  return { text: isNamed ? trimBlanks(content.slice(0, colon)) : '', isQuoted: false, rest: content.slice(colon) };
};

const readDraft = (row: Row, complain: Complain): Draft | undefined => {
  const entry = readEntry(row, '', complain);
  if (entry === undefined) return undefined;
  const { value, ...named } = entry;
  return {
    ...named,
    inline: value,
    children: [],
    items: [],
    childIndent: undefined,
    isSpoiled: value.kind === 'opaque',
  };
};

const hasInlineValue = ({ inline }: Draft): boolean =>
  inline.kind !== 'scalar' || inline.text !== '' || inline.isQuoted;

interface ChildOptions {
  readonly draft: Draft | undefined;
  readonly row: Row;
  readonly rules: SyntaxRules;
  readonly complain: Complain;
}

const addItem = ({ draft, text, row, rules, complain }: ChildOptions & { readonly text: string }): void => {
  if (draft === undefined) {
    complain('a list item stands under no field');
    return;
  }
  if (!takesChildren(draft, rules, 'a list item', complain)) return;
  const read = rules.literalLists.has(draft.name) ? readLiteral : readScalar;
  const value = read(text, row.line);
  if (value.kind === 'ok') draft.items.push(value.node);
  else complain(value.message, printable(draft.name));
};

const addChild = ({ draft, row, rules, complain }: ChildOptions): void => {
  // Without a draft the line above was refused already.
  if (draft === undefined || !takesChildren(draft, rules, 'a field', complain)) return;
  // A line with a TAB was refused already, and its depth says nothing.
  if (!row.hasTab) draft.childIndent ??= row.indent;
  const { childIndent = row.indent } = draft;
  const last = draft.children.at(-1);
  const isBelowLast = last?.value.kind === 'scalar' && last.value.text === '' && row.indent > childIndent;
  if (isBelowLast && !row.hasTab) {
    complain('the line is nested too deep, expected at most two levels');
    return;
  }
  if (row.indent !== childIndent && !row.hasTab) {
    complain(
      `the line is indented by ${row.indent}, expected ${childIndent} as above under "${printable(draft.name)}"`,
    );
  }
  const entry = readEntry(row, `${printable(draft.name)}.`, complain);
  if (entry !== undefined) draft.children.push(entry);
};

const takesChildren = (draft: Draft, rules: SyntaxRules, what: string, complain: Complain): boolean => {
  if (rules.opaque.has(draft.name)) draft.isSpoiled = true;
  if (draft.isSpoiled) return false;
  const isList = what === 'a list item';
  const isMixed = isList ? draft.children.length > 0 : draft.items.length > 0;
  if (!isMixed && !hasInlineValue(draft)) return true;
  draft.isSpoiled = true;
  const state = isMixed ? `has ${isList ? 'fields' : 'list items'} already` : 'has a value on its own line';
  complain(`${what} stands under "${printable(draft.name)}", which ${state}`);
  return false;
};

const toEntry = (draft: Draft, rules: SyntaxRules): ManifestEntry => ({
  name: draft.name,
  line: draft.line,
  isNameQuoted: draft.isNameQuoted,
  value: toNode(draft, rules),
});

const toNode = (draft: Draft, rules: SyntaxRules): ManifestNode => {
  const isUnread = rules.opaque.has(draft.name) && (draft.isSpoiled || hasInlineValue(draft));
  if (isUnread) return { kind: 'opaque' };
  if (draft.items.length > 0) return { kind: 'list', items: draft.items };
  return draft.children.length > 0 ? { kind: 'map', entries: draft.children } : draft.inline;
};

const withoutDuplicates = (
  entries: readonly ManifestEntry[],
  path: string,
  findings: Findings,
): readonly ManifestEntry[] => {
  const kept = new Map<string, ManifestEntry>();
  for (const entry of entries) {
    const field = `${path}${printable(entry.name)}`;
    const first = kept.get(entry.name);
    if (first === undefined) {
      kept.set(entry.name, withUniqueChildren(entry, field, findings));
    } else {
      const message = `"${field}" is given twice, first on line ${first.line}`;
      findings.add({ code: 'MalformedManifest', field, line: entry.line, message });
    }
  }
  return [...kept.values()];
};

const withUniqueChildren = (entry: ManifestEntry, field: string, findings: Findings): ManifestEntry => {
  if (entry.value.kind !== 'map') return entry;
  const entries = withoutDuplicates(entry.value.entries, `${field}.`, findings);
  return { ...entry, value: { kind: 'map', entries } };
};
