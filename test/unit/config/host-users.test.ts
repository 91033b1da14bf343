// The users of the host in place of numbers that the configuration leaves out.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readHostUsers, type HostUsers } from '#config/host-users.ts';
import { formatConfigProblem, parseConfig } from '#config/read-config.ts';

const USERS: HostUsers = { station: { uid: 995, gid: 994 }, loader: { uid: 993, gid: 992 } };

const idsOf = (source: string, users: HostUsers): readonly unknown[] => {
  const result = parseConfig(source, { hostName: 'host-7', users });
  if (result.kind === 'problem') return result.problems.map(formatConfigProblem);
  const { station, launch } = result.config;
  return [station.uid, station.gid, launch.loaderUid, launch.loaderGid];
};

test('readHostUsers: finds the two users by their whole names', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'users-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'passwd');
  writeFileSync(
    path,
    [
      'root:x:0:0:root:/root:/bin/bash',
      'my-import-station:x:7:7::/:/usr/sbin/nologin',
      'import-station-loader:x:993:992:Import station, loaders:/:/usr/sbin/nologin',
      'import-station:x:995:994:Import station, daemon:/var/lib/import-station:/usr/sbin/nologin',
      '',
    ].join('\n'),
  );

  assert.deepEqual(readHostUsers(path), USERS);
  assert.deepEqual(readHostUsers(join(folder, 'nothing')), {});
});

for (const { what, source, users, expected } of [
  { what: 'none is given', source: '', users: USERS, expected: [995, 994, 993, 992] },
  { what: 'one is given', source: '[station]\nuid = 7\n', users: USERS, expected: [7, 994, 993, 992] },
  {
    what: 'all are given',
    source: '[station]\nuid = 1\ngid = 2\n[launch]\nloader_uid = 3\nloader_gid = 4\n',
    users: USERS,
    expected: [1, 2, 3, 4],
  },
]) {
  test(`parseConfig: takes the users of the host for missing numbers, when ${what}`, () => {
    assert.deepEqual(idsOf(source, users), expected);
  });
}

test('parseConfig: tells the missing numbers, when the host has no such users', () => {
  assert.equal(idsOf('', {}).length, 4);
});

test('parseConfig: tells a section that is none, when the host has the users', () => {
  assert.deepEqual(idsOf('station = 1\n', USERS), ['At station (line 1): got 1, expected a section']);
});

test('parseConfig: refuses loaders that are the user of the daemon, whoever has named him', () => {
  const { station } = USERS;

  const problems = idsOf('[launch]\nloader_uid = 995\nloader_gid = 2\n', station === undefined ? {} : { station });

  assert.deepEqual(problems, [
    'At launch.loader_uid (line 2): got 995, expected another one than the daemon has under [station]',
  ]);
});
