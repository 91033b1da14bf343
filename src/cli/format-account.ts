// Accounts as a person reads them.

import type { AccountView } from '#protocol/control.ts';
import { formatFields, formatTable } from './output.ts';
import { formatDate, formatSize } from '#language/quantity.ts';
import { shown } from '#language/shown.ts';

/** One line per account under a header. */
export const formatAccounts = (accounts: readonly AccountView[]): readonly string[] =>
  accounts.length === 0
    ? ['There are no accounts.']
    : formatTable(
        ['ACCOUNT', 'SERVICE', 'KEYS', 'CREATED'],
        accounts.map((account) => [
          shown(account.email),
          shown(account.endpoint ?? 'AWS'),
          String(account.keys.length),
          formatDate(account.createdAt),
        ]),
      );

/** Everything about one account but its secrets. */
export const formatAccount = (account: AccountView): readonly string[] => [
  ...formatFields([
    ['Account', shown(account.email)],
    ['Service', shown(account.endpoint ?? 'AWS')],
    ['Region', account.region === undefined ? 'asked of each bucket' : shown(account.region)],
    ['Addressing', account.forcePathStyle ? 'bucket in the path' : 'bucket in the host name'],
    ['Certificates', account.hasCertificateAuthority ? 'own authority' : undefined],
    ['Bucket owner', account.expectedBucketOwner],
    ['Network', account.isNetworkTrusted ? 'trusted, bodies unsigned over plain http' : undefined],
    ['Encryption', ENCRYPTIONS.get(account.sse) ?? shown(`key ${account.sse.slice('kms:'.length)} of the key service`)],
    ['Objects that exist', account.existing === 'replace' ? 'are replaced' : 'are kept, the file fails'],
    ['Largest file', formatSize(account.maxObjectBytes)],
    ['Created', formatDate(account.createdAt)],
  ]),
  '',
  ...formatTable(
    ['KEY', 'MAY', 'SESSION TOKEN'],
    account.keys.map((key) => [shown(key.accessKeyId), rightsOf(key), key.hasSessionToken ? 'yes' : 'no']),
  ),
];

const ENCRYPTIONS: ReadonlyMap<string, string> = new Map([
  ['none', 'left to the bucket'],
  ['s3', 'keys of the service'],
  ['kms', 'default key of the key service'],
]);

const rightsOf = ({ signs, loads }: AccountView['keys'][number]): string =>
  [...(signs ? ['sign'] : []), ...(loads ? ['load'] : [])].join(', ') || 'nothing';
