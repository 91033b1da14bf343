// The `ignore` patterns of a manifest, compiled into one (spec 1.7; decision 6). They come from strangers: the engine works
// in linear time, and their number, length and program size are limited, so that they cannot exhaust memory either.

import { RE2JS, RE2JSException } from 're2js';
import type { Located, ManifestProblem } from '#job/manifest.ts';
import { printable } from '#language/printable.ts';
import { translateJavaPattern } from './java-pattern.ts';

/** The one question that all patterns answer together, or what is wrong with them. */
export type IgnoreResult =
  | { readonly kind: 'ok'; readonly isIgnored: (path: string) => boolean }
  | { readonly kind: 'problem'; readonly problems: readonly ManifestProblem[] };

/** Most patterns of a manifest. Ours: a manifest of 64 KiB with one documented idiom a line stays below. */
export const MAX_PATTERNS: number = 500;
/** Longest pattern in characters. Ours. */
export const MAX_PATTERN_LENGTH: number = 1000;
/**
 * Largest program of all patterns together, in instructions. Ours: 250 patterns of the usual 20 characters; the worst that
 * fits was measured at 40 ms for a path of 1,000 characters, and no more memory than one such pattern needs.
 */
export const MAX_PROGRAM_SIZE: number = 5000;

type Compiled = { readonly kind: 'ok'; readonly text: string; readonly size: number } | Refused;

interface Refused {
  readonly kind: 'problem';
  readonly message: string;
}

/** Compiles the patterns; every one that cannot be used is reported as InvalidManifestField `ignore[N]`, N from 1. */
export const compileIgnore = (patterns: readonly Located<string>[]): IgnoreResult => {
  const excess = patterns[MAX_PATTERNS];
  if (excess !== undefined) {
    const message = `${patterns.length} patterns are given, expected at most ${MAX_PATTERNS}`;
    return {
      kind: 'problem',
      problems: [{ code: 'InvalidManifestField', field: 'ignore', line: excess.line, message }],
    };
  }
  const problems: ManifestProblem[] = [];
  const texts: string[] = [];
  let size = 0;
  for (const [index, { value, line }] of patterns.entries()) {
    const compiled = limitTotal(compilePattern(value), size);
    if (compiled.kind === 'problem') {
      const message = `the pattern "${printable(shorten(value))}" ${compiled.message}`;
      problems.push({ code: 'InvalidManifestField', field: `ignore[${index + 1}]`, line, message });
    } else {
      texts.push(compiled.text);
      size += compiled.size;
    }
  }
  return problems.length > 0 ? { kind: 'problem', problems } : joinPatterns(texts, patterns[0]?.line);
};

const compilePattern = (pattern: string): Compiled => {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    return refused(`has ${pattern.length} characters, expected at most ${MAX_PATTERN_LENGTH}`);
  }
  const translated = translateJavaPattern(pattern);
  if (translated.kind === 'problem') return refused(`has ${translated.message}, expected none`);
  const { text, size } = translated;
  if (size > MAX_PROGRAM_SIZE) return refused('is too large when its counted repeats are written out');
  const compiled = compileText(text);
  return compiled.kind === 'problem' ? compiled : { kind: 'ok', text, size };
};

const compileText = (text: string): { readonly kind: 'ok'; readonly matcher: RE2JS } | Refused => {
  try {
    return { kind: 'ok', matcher: RE2JS.compile(text) };
  } catch (error: unknown) {
    if (!(error instanceof RE2JSException)) throw error;
    return refused(`cannot be used: ${printable(error.message.replace(/^error parsing regexp: /u, ''))}`);
  }
};

const refused = (message: string): Refused => ({ kind: 'problem', message });

const limitTotal = (compiled: Compiled, sizeBefore: number): Compiled =>
  compiled.kind === 'ok' && sizeBefore + compiled.size > MAX_PROGRAM_SIZE
    ? refused('makes the patterns together too large, expected fewer or shorter ones')
    : compiled;

const LONGEST_QUOTE = 80;

const shorten = (pattern: string): string =>
  pattern.length > LONGEST_QUOTE ? `${pattern.slice(0, LONGEST_QUOTE)}...` : pattern;

// One alternation is one pass over the path and one cache of states: measured 0.4 us for ten patterns, three times as fast
// as ten single ones, and bounded to one cache of 8 MiB. Flags and alternatives of a pattern end with its group.
const joinPatterns = (texts: readonly string[], line: number | undefined): IgnoreResult => {
  if (texts.length === 0) return { kind: 'ok', isIgnored: () => false };
  const all = compileText(texts.map((text) => `(?:${text})`).join('|'));
  if (all.kind === 'ok') return { kind: 'ok', isIgnored: (path) => all.matcher.test(path) };
  // Each for itself was accepted: what they do to each other is a finding all the same, never a crash.
  const where = line === undefined ? {} : { line };
  const message = `all patterns together ${all.message}`;
  return { kind: 'problem', problems: [{ code: 'InvalidManifestField', field: 'ignore', ...where, message }] };
};
