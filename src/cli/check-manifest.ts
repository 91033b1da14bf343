// What can be told about a manifest without its bucket: syntax, fields, patterns; findings and warnings.

import { sortedByLine } from '#job/manifest-tree.ts';
import { manifestWarnings } from '#job/manifest-warnings.ts';
import type { ManifestProblem } from '#job/manifest.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import { compileIgnore } from '#object/ignore-patterns.ts';
import { createObjectRules } from '#object/rules.ts';
import type { ManifestCheck } from './json-shapes.ts';
import { refused, type Answer } from './refusal.ts';

/** Checks a manifest; the customs rule only where the facility's country is known (spec 1.5). */
export const checkManifest = (bytes: Uint8Array, facilityCountry?: string): ManifestCheck => {
  const parsed = parseManifest(bytes, facilityCountry === undefined ? {} : { facilityCountry });
  if (parsed.kind === 'problem') {
    const ignore = compileIgnore(parsed.readable?.ignore ?? []);
    return invalid(sortedByLine([...parsed.problems, ...(ignore.kind === 'problem' ? ignore.problems : [])]));
  }
  const compiled = createObjectRules(parsed.manifest);
  if (compiled.kind === 'problem') return invalid(compiled.problems);
  return { valid: true, problems: [], warnings: [...manifestWarnings(parsed.manifest)] };
};

const invalid = (problems: readonly ManifestProblem[]): ManifestCheck => ({
  valid: false,
  problems: problems.map((problem) => ({ ...problem })),
  warnings: [],
});

/** The refusal for a manifest with findings, under the code of the first one. */
export const refusedManifest = (problems: ManifestCheck['problems']): Extract<Answer<never>, { kind: 'refused' }> => {
  const count = problems.length === 1 ? '1 finding' : `${String(problems.length)} findings`;
  return refused(problems[0]?.code ?? 'MalformedManifest', { message: count }, problems);
};
