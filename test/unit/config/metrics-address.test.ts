// `[metrics]`: where the daemon listens for a scrape, and that it is never for everyone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config } from '#config/contract.ts';
import { parseConfig } from '#config/read-config.ts';

const HOST = { hostName: 'host-7' };
const METRICS_SECTION = /^# \[metrics\]\n(?:#.*\n)*/mu;
const IDS = '[station]\nuid = 980\ngid = 980\n[launch]\nloader_uid = 981\nloader_gid = 981\n';
const EXAMPLE = join(import.meta.dirname, '../../../config/import-station.toml');

const parsed = (source: string): Config => {
  const result = parseConfig(source, HOST);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.config;
};

test('readConfig: takes the example of metrics as it stands', () => {
  const [section = ''] = METRICS_SECTION.exec(readFileSync(EXAMPLE, 'utf8')) ?? [];

  const { metrics } = parsed(`${IDS}${section.replace(/^# (\[metrics\]|[a-z_]+ = )/gmu, '$1')}`);

  assert.deepEqual(metrics, { host: '127.0.0.1', port: 9464 });
});

for (const [listen, host] of [
  ['127.0.0.1:1', '127.0.0.1'],
  ['127.9.9.9:65535', '127.9.9.9'],
  ['[::1]:9464', '::1'],
  ['localhost:9464', '127.0.0.1'],
] as const) {
  test(`parseConfig: listens for metrics on ${host}, for ${listen}`, () => {
    assert.equal(parsed(`${IDS}[metrics]\nlisten = "${listen}"\n`).metrics?.host, host);
  });
}

for (const listen of [
  '0.0.0.0:9464',
  '127.999.1.1:9464',
  '[::]:9464',
  '9464',
  '192.168.1.7:9464',
  '127.999.1.1:9464',
  '127.0.0.01:9464',
  '127.0.0.1.1:9464',
  '127.1:9464',
  '[::2]:9464',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1',
  '',
]) {
  test(`parseConfig: refuses to listen for metrics on ${listen === '' ? 'nothing' : listen}`, () => {
    const result = parseConfig(`${IDS}[metrics]\nlisten = "${listen}"\n`, HOST);

    assert.ok(result.kind === 'problem');
    assert.deepEqual(
      result.problems.map(({ path }) => path),
      ['metrics.listen'],
    );
    assert.match(result.problems[0]?.message ?? '', /loopback address with a port|expected/u);
  });
}
