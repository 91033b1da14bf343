// The tree between a manifest's text and its fields: names, texts, lists and maps, each with its line.

import type { ManifestProblem } from './manifest.ts';

/** A text as it was written; an unquoted empty one means "not given" (spec 1.1). */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly text: string;
  /** 1-based line of the manifest. */
  readonly line: number;
  readonly isQuoted: boolean;
  /** Nothing but a comment stands where the value should: its author may have meant a text that begins with "#". */
  readonly isCommentAlone?: boolean;
}

/** A list of texts. */
export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly ScalarNode[];
}

/** Names with their values, in manifest order, every name once. */
export interface MapNode {
  readonly kind: 'map';
  readonly entries: readonly ManifestEntry[];
}

/** The value of a field that is refused by name: what stands below it was not read. */
export interface OpaqueNode {
  readonly kind: 'opaque';
}

/** Any value of a manifest. */
export type ManifestNode = ScalarNode | ListNode | MapNode | OpaqueNode;

/** One `name: value`. */
export interface ManifestEntry {
  readonly name: string;
  /** 1-based line of the name. */
  readonly line: number;
  readonly isNameQuoted: boolean;
  readonly value: ManifestNode;
}

/** A value read from one line, or why it cannot be read; the message never repeats what is written there. */
export type ValueResult<Node extends ManifestNode = ManifestNode> =
  { readonly kind: 'ok'; readonly node: Node } | { readonly kind: 'problem'; readonly message: string };

/** Collects what is wrong with one manifest, so that all of it is told at once. */
export interface Findings {
  readonly add: (problem: ManifestProblem) => void;
  /** By line; what is missing and has no line comes last. */
  readonly sorted: () => readonly ManifestProblem[];
}

/** Findings by line; those without one come last, and those of one line stay in their order. */
export const sortedByLine = <Finding extends { readonly line?: number | undefined }>(
  findings: readonly Finding[],
): readonly Finding[] => findings.toSorted((one, other) => lineOf(one) - lineOf(other));

const lineOf = ({ line }: { readonly line?: number | undefined }): number => line ?? Number.MAX_SAFE_INTEGER;

/** Makes an empty collection of findings. */
export const createFindings = (): Findings => {
  const problems: ManifestProblem[] = [];
  return {
    add: (problem) => {
      problems.push(problem);
    },
    sorted: () => sortedByLine(problems),
  };
};
