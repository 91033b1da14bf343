// Which keys of an account verify and load a job: pure, over what manifest, command and account say.

import type { Manifest } from '#job/manifest.ts';
import { printable } from '#language/printable.ts';
import type { Account, AccountKey } from '#store/contract.ts';
import { refused, type Refused } from './reply.ts';

/** The two keys of a job, or why they cannot be chosen: InvalidAccessKeyId, NoSigningKey or NoLoadingKey. */
export type KeyChoice = { readonly kind: 'ok'; readonly signing: AccountKey; readonly loading: AccountKey } | Refused;

/**
 * The key that the manifest names signs; where it names none, the one that the command names; where that names none
 * either, the account's only key that signs. The same key loads where it may, else the account's first that may.
 */
export const chooseKeys = (
  account: Account,
  manifest: Pick<Manifest, 'accessKeyId' | 'lines'>,
  commandKeyId: string | undefined,
): KeyChoice => {
  const signing = chooseSigningKey(account, manifest, commandKeyId);
  if (signing.kind === 'refused') return signing;
  const loading = signing.key.loads ? signing.key : account.keys.find(({ loads }) => loads);
  return loading === undefined
    ? refused('NoLoadingKey', { email: account.email })
    : { kind: 'ok', signing: signing.key, loading };
};

type SigningChoice = { readonly kind: 'ok'; readonly key: AccountKey } | Refused;

const chooseSigningKey = (
  account: Account,
  { accessKeyId, lines }: Pick<Manifest, 'accessKeyId' | 'lines'>,
  commandKeyId: string | undefined,
): SigningChoice => {
  const unclear = (message: string): Refused => refused('NoSigningKey', { email: account.email, message });
  const named = accessKeyId ?? commandKeyId;
  if (accessKeyId !== undefined && commandKeyId !== undefined && accessKeyId !== commandKeyId) {
    return unclear(`the manifest names ${accessKeyId}, the command ${commandKeyId}`);
  }
  if (named !== undefined) {
    const key = account.keys.find((one) => one.accessKeyId === named);
    if (key === undefined) return unknownKey(named, accessKeyId === undefined ? undefined : lines.get('accessKeyId'));
    return key.signs ? { kind: 'ok', key } : unclear(`the key ${named} may not sign`);
  }
  const [first, ...others] = account.keys.filter(({ signs }) => signs);
  if (first === undefined) return unclear('none of its keys may sign');
  return others.length === 0
    ? { kind: 'ok', key: first }
    : unclear('the manifest names none, and more than one may sign');
};

const unknownKey = (keyId: string, line: number | undefined): Refused => {
  const message = `expected a key of the account, it has no ${printable(keyId)}`;
  const problems = line === undefined ? [] : [{ code: 'InvalidAccessKeyId', field: 'accessKeyId', line, message }];
  return refused('InvalidAccessKeyId', { keyId }, problems);
};
