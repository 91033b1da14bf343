import assert from 'node:assert/strict';
import { test } from 'node:test';

import { probeKey } from '#object/probe-key.ts';
import { createObjectRules } from '#object/rules.ts';

import { aManifest, substituting } from './a-manifest.ts';

const probeKeyOf = (changes: Parameters<typeof aManifest>[0]): string => {
  const manifest = aManifest(changes);
  const compiled = createObjectRules(manifest);
  assert.ok(compiled.kind === 'ok');
  return probeKey(manifest, compiled.rules);
};

test('probeKey: lies under the prefix', () => {
  assert.equal(probeKeyOf({ prefix: 'ok/' }), 'ok/import-station-probe');
});

test('probeKey: lies under the prefix as the substitutions leave it', () => {
  assert.equal(probeKeyOf({ prefix: '$P$/', substitutions: substituting(['$P$', 'ok']) }), 'ok/import-station-probe');
});

test('probeKey: is shorter, when the prefix leaves no more room', () => {
  const prefix = `${'p'.repeat(1021)}/`;

  assert.equal(probeKeyOf({ prefix }), `${prefix}im`);
});
