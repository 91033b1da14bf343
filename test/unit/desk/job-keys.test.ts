// Which keys of an account a job gets: one that verifies its SIGNATURE, one that loads (situations: changed keys).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobIdOf, sampleAccount, sampleKey } from '../../support/store-samples.ts';
import { ADDED_LINE, manifestText } from '../job/sample.ts';
import { aDesk, createdOf, findingsOf, refusalOf, type DeskScene } from './a-desk.ts';

/** Rights of keys by ID: `s` signs, `l` loads. */
type Rights = Readonly<Record<string, string>>;

const deskWith = (rights: Rights): DeskScene => {
  const keys = Object.entries(rights).map(([accessKeyId, letters]) =>
    sampleKey({ accessKeyId, signs: letters.includes('s'), loads: letters.includes('l') }),
  );
  return aDesk({ accounts: [sampleAccount({ keys })] });
};

interface Choice {
  readonly title: string;
  readonly rights: Rights;
  /** Key that the manifest names. */
  readonly manifest?: string;
  /** Key that the command names. */
  readonly command?: string;
  readonly signs: string;
  readonly loads: string;
}

const CHOICES: readonly Choice[] = [
  { title: 'the only key for both', rights: { one: 'sl' }, signs: 'one', loads: 'one' },
  { title: 'the only key that signs', rights: { one: 'l', two: 's' }, signs: 'two', loads: 'one' },
  {
    title: 'the key that the manifest names',
    rights: { one: 'sl', two: 'sl' },
    manifest: 'two',
    signs: 'two',
    loads: 'two',
  },
  {
    title: 'the key that the command names',
    rights: { one: 'sl', two: 'sl' },
    command: 'two',
    signs: 'two',
    loads: 'two',
  },
  {
    title: 'the key that both name',
    rights: { one: 'sl', two: 'sl' },
    manifest: 'two',
    command: 'two',
    signs: 'two',
    loads: 'two',
  },
  {
    title: 'the first that loads, where the signing one does not',
    rights: { sig: 's', one: 'l', two: 'sl' },
    manifest: 'sig',
    signs: 'sig',
    loads: 'one',
  },
  {
    title: 'the signing key to load, though another may too',
    rights: { one: 'l', two: 'sl' },
    signs: 'two',
    loads: 'two',
  },
];

const manifestNaming = (keyId: string | undefined): string =>
  manifestText({}, keyId === undefined ? '' : `accessKeyId: ${keyId}\n`);

for (const { title, rights, manifest, command, signs, loads } of CHOICES) {
  test(`job create: takes ${title}`, async () => {
    const scene = deskWith(rights);

    const reply = await scene.create(manifestNaming(manifest), command === undefined ? {} : { signingKeyId: command });

    const job = scene.store.job(jobIdOf(createdOf(reply).job.jobId));
    assert.deepEqual([job?.signingKeyId, job?.loadingKeyId], [signs, loads]);
    const asking = [...scene.regionsAsked, ...scene.probes.map(({ access }) => access)];
    assert.deepEqual(new Set(asking.map(({ accessKeyId }) => accessKeyId)), new Set([loads]));
  });
}

interface NoChoice extends Omit<Choice, 'signs' | 'loads'> {
  readonly refusal: readonly [status: number, code: string];
  readonly says: RegExp;
  readonly findings?: readonly string[];
}

const NO_CHOICES: readonly NoChoice[] = [
  {
    title: 'none of the keys may sign',
    rights: { one: 'l' },
    refusal: [409, 'NoSigningKey'],
    says: /none of its keys may sign/u,
  },
  {
    title: 'the account has no key left',
    rights: {},
    refusal: [409, 'NoSigningKey'],
    says: /none of its keys may sign/u,
  },
  {
    title: 'two keys may sign and nobody names one',
    rights: { one: 'sl', two: 's' },
    refusal: [409, 'NoSigningKey'],
    says: /more than one may sign/u,
  },
  {
    title: 'the manifest names a key that may not sign',
    rights: { one: 'sl', two: 'l' },
    manifest: 'two',
    refusal: [409, 'NoSigningKey'],
    says: /the key two may not sign/u,
  },
  {
    title: 'the command names a key that may not sign',
    rights: { one: 'sl', two: 'l' },
    command: 'two',
    refusal: [409, 'NoSigningKey'],
    says: /the key two may not sign/u,
  },
  {
    title: 'manifest and command name different keys',
    rights: { one: 'sl', two: 'sl' },
    manifest: 'one',
    command: 'two',
    refusal: [409, 'NoSigningKey'],
    says: /the manifest names one, the command two/u,
  },
  {
    title: 'the manifest names an unknown key',
    rights: { one: 'sl' },
    manifest: 'two',
    refusal: [422, 'InvalidAccessKeyId'],
    says: /\(two\)/u,
    findings: [`InvalidAccessKeyId accessKeyId ${ADDED_LINE}`],
  },
  {
    title: 'the manifest names a key in another case',
    rights: { one: 'sl' },
    manifest: 'ONE',
    refusal: [422, 'InvalidAccessKeyId'],
    says: /\(ONE\)/u,
    findings: [`InvalidAccessKeyId accessKeyId ${ADDED_LINE}`],
  },
  {
    title: 'the command names an unknown key',
    rights: { one: 'sl' },
    command: 'two',
    refusal: [422, 'InvalidAccessKeyId'],
    says: /\(two\)/u,
  },
  {
    title: 'none of the keys may load',
    rights: { one: 's', two: 's' },
    manifest: 'one',
    refusal: [409, 'NoLoadingKey'],
    says: /ada@example\.com has no key that may load/u,
  },
];

for (const { title, rights, manifest, command, refusal, says, findings = [] } of NO_CHOICES) {
  test(`job create: is refused with ${refusal[1]}, when ${title}`, async () => {
    const scene = deskWith(rights);

    const reply = await scene.create(manifestNaming(manifest), command === undefined ? {} : { signingKeyId: command });

    const { status, code, happened } = refusalOf(reply);
    assert.deepEqual([status, code], refusal);
    assert.match(happened, says);
    assert.deepEqual(findingsOf(reply), findings);
    assert.deepEqual([scene.store.jobs().length, scene.regionsAsked.length], [0, 0]);
  });
}

test('job create: prints a backslash of a key ID once escaped, in the words and in the finding', async () => {
  const named = await deskWith({ one: 'sl' }).create(manifestNaming('a\\b'));
  const unclear = await deskWith({ one: 'sl' }).create(manifestNaming('a\\b'), { signingKeyId: 'one' });

  assert.match(refusalOf(named).happened, /\(a\\\\b\)/u);
  assert.match(refusalOf(named).problems[0]?.message ?? '', /it has no a\\\\b$/u);
  assert.match(refusalOf(unclear).happened, /the manifest names a\\\\b, the command one/u);
});
