import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unsafeMount, unsafeProcess } from '#load/self-check.ts';

const mountLine = (mountPoint: string, options: string): string =>
  `36 35 7:0 / ${mountPoint} ${options} shared:1 - ext4 /dev/loop0 ro`;
const SAFE_OPTIONS = 'ro,nosuid,nodev,noexec,nosymfollow,noatime';

test('unsafeMount: says nothing of a mount with every flag', () => {
  assert.equal(unsafeMount(mountLine('/drive', SAFE_OPTIONS), '/drive'), undefined);
});

for (const flag of ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow']) {
  test(`unsafeMount: names ${flag}, when the mount lacks it`, () => {
    const options = SAFE_OPTIONS.split(',').filter((one) => one !== flag);

    assert.equal(unsafeMount(mountLine('/drive', options.join(',')), '/drive'), `the mount at /drive lacks ${flag}`);
  });
}

test('unsafeMount: judges the upmost of stacked mounts', () => {
  const stacked = [mountLine('/drive', SAFE_OPTIONS), mountLine('/drive', 'rw')].join('\n');

  assert.match(unsafeMount(stacked, '/drive') ?? '', /lacks ro, nosuid/u);
});

test('unsafeMount: says so, when nothing is mounted there', () => {
  assert.equal(unsafeMount(mountLine('/other', SAFE_OPTIONS), '/drive'), 'nothing is mounted at /drive');
});

const statusText = (changes: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    Uid: '64101\t64101\t64101\t64101',
    CapInh: '0000000000000004',
    CapPrm: '0000000000000004',
    CapEff: '0000000000000004',
    CapBnd: '0000000000000004',
    CapAmb: '0000000000000004',
    NoNewPrivs: '1',
    ...changes,
  })
    .map(([name, value]) => `${name}:\t${value}`)
    .join('\n');

test('unsafeProcess: says nothing of a process that may only read', () => {
  assert.equal(unsafeProcess(statusText()), undefined);
});

const unsafe = [
  { changes: { NoNewPrivs: '0' }, says: 'the loader could gain privileges' },
  { changes: { CapEff: '0000000000200004' }, says: 'the loader has capabilities in CapEff' },
  { changes: { CapBnd: '000001ffffffffff' }, says: 'the loader has capabilities in CapBnd' },
  { changes: { CapAmb: '' }, says: "the loader's CapAmb is unknown" },
  { changes: { Uid: '64101\t0\t64101\t64101' }, says: 'the loader runs as root' },
];
for (const { changes, says } of unsafe) {
  test(`unsafeProcess: says ${says}`, () => {
    assert.equal(unsafeProcess(statusText(changes)), says);
  });
}
