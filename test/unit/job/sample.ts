// Manifests for the tests of the parser: a valid one, changed line by line, and what the parser says of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import type { Manifest, ManifestProblem, ManifestResult } from '#job/manifest.ts';
import { type ParseManifestOptions, parseManifest } from '#job/parse-manifest.ts';

const VALID = `manifestVersion: 2.0
bucket: sample-bucket
deviceId: S/N 1
eraseDevice: no
returnAddress:
  name: Robin Tester
  street1: 100 Main Street
  city: Portland
  stateOrProvince: OR
  postalCode: 97201
  phoneNumber: +1 503-555-0142
  country: USA
`;

/** Line of the first field that is added. */
export const ADDED_LINE = 13;

/** The valid manifest; each named line is replaced (`''` removes it), `added` stands at its end. */
export const manifestText = (replaced: Readonly<Record<string, string>>, added: string = ''): string => {
  const lines = VALID.split('\n').map((line) => {
    const name = line.split(':')[0]?.trim() ?? '';
    return name in replaced ? (replaced[name] ?? '') : line;
  });
  return lines.join('\n') + added;
};

export const parse = (text: string, options: ParseManifestOptions = {}): ManifestResult =>
  parseManifest(Buffer.from(text, 'utf8'), options);

/** The manifest of a text that must be valid. */
export const manifestOf = (text: string, options: ParseManifestOptions = {}): Manifest => {
  const result = parse(text, options);
  assert.deepEqual(result.kind === 'problem' ? result.problems : [], []);
  assert.equal(result.kind, 'ok');
  return result.kind === 'ok' ? result.manifest : assert.fail('no manifest');
};

/** The findings of a text that must not be valid. */
export const problemsOf = (text: string, options: ParseManifestOptions = {}): readonly ManifestProblem[] => {
  const result = parse(text, options);
  return result.kind === 'problem' ? result.problems : assert.fail('the manifest is valid');
};

/** Findings in short: code, field, line. */
export const briefly = (problems: readonly ManifestProblem[]): readonly string[] =>
  problems.map(({ code, field, line }) => [code, field ?? '-', line ?? '-'].join(' '));

/** One of the example manifests (spec 1.8), as bytes. */
export const example = (name: 'smallest' | 'most-options' | 'lenient'): Buffer =>
  readFileSync(new URL(`manifests/${name}.txt`, import.meta.url));
