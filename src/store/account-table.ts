// Accounts and their keys in SQLite. Secrets are sealed to account, key and field.

import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { Secret } from '#language/secret.ts';
import type { Account, AccountKey, Store } from './contract.ts';
import { inTransaction } from './database.ts';
import { blobColumn, dateColumn, flagColumn, orNull, withoutNulls } from './rows.ts';
import type { Seal } from './seal.ts';

/** The part of the store that knows accounts. */
export type AccountTable = Pick<
  Store,
  'addAccount' | 'account' | 'accounts' | 'removeAccount' | 'addAccountKey' | 'removeAccountKey'
>;

/** What the tables need: the database, the seal, and what to throw where a stored value cannot be opened. */
export interface TableDeps {
  readonly database: DatabaseSync;
  readonly seal: Seal;
  readonly damaged: (message: string) => Error;
}

const accountRow = z
  .object({
    email: z.string(),
    endpoint: z.string().exactOptional(),
    region: z.string().exactOptional(),
    force_path_style: flagColumn,
    certificate_authority: z.string().exactOptional(),
    expected_bucket_owner: z.string().exactOptional(),
    trusted_network: flagColumn,
    sse: z.union([z.enum(['none', 's3', 'kms']), z.templateLiteral(['kms:', z.string()])]),
    existing: z.enum(['replace', 'refuse']),
    max_object_bytes: z.number(),
    created_at: dateColumn,
  })
  .transform(({ certificate_authority: authority, expected_bucket_owner: owner, ...row }): Omit<Account, 'keys'> => ({
    email: row.email,
    ...(row.endpoint === undefined ? {} : { endpoint: row.endpoint }),
    ...(row.region === undefined ? {} : { region: row.region }),
    forcePathStyle: row.force_path_style,
    ...(authority === undefined ? {} : { certificateAuthority: authority }),
    ...(owner === undefined ? {} : { expectedBucketOwner: owner }),
    isNetworkTrusted: row.trusted_network,
    sse: row.sse,
    existing: row.existing,
    maxObjectBytes: row.max_object_bytes,
    createdAt: row.created_at,
  }));

const keyRow = z.object({
  access_key_id: z.string(),
  sealed_secret: blobColumn,
  sealed_session_token: blobColumn.exactOptional(),
  signs: flagColumn,
  loads: flagColumn,
});

/** Makes the calls on accounts. */
export const createAccountTable = (deps: TableDeps): AccountTable => {
  const { database } = deps;
  const keysOf = (email: string): readonly AccountKey[] =>
    database
      .prepare('SELECT * FROM account_key WHERE email = ? ORDER BY rowid')
      .all(email)
      .map((row) => openKey(deps, email, row));
  const withKeys = (row: Readonly<Record<string, unknown>>): Account => {
    const account = accountRow.parse(withoutNulls(row));
    return { ...account, keys: keysOf(account.email) };
  };
  return {
    addAccount: (account) => {
      inTransaction(database, () => {
        insertAccount(database, account);
        for (const key of account.keys) insertKey(deps, account.email, key, '');
      });
    },
    account: (email) => {
      const row = database.prepare('SELECT * FROM account WHERE email = ?').get(email);
      return row === undefined ? undefined : withKeys(row);
    },
    accounts: () => database.prepare('SELECT * FROM account ORDER BY email').all().map(withKeys),
    removeAccount: (email) => {
      const { changes } = database.prepare('DELETE FROM account WHERE email = ?').run(email);
      assert(changes === 1, 'an account that is removed is there');
    },
    addAccountKey: (email, key) => {
      insertKey(deps, email, key, REPLACE_KEY);
    },
    removeAccountKey: (email, accessKeyId) => {
      const { changes } = database
        .prepare('DELETE FROM account_key WHERE email = ? AND access_key_id = ?')
        .run(email, accessKeyId);
      assert(changes === 1, 'a key that is removed is there');
    },
  };
};

const insertAccount = (database: DatabaseSync, account: Account): void => {
  database
    .prepare(
      `INSERT INTO account (email, endpoint, region, force_path_style, certificate_authority, expected_bucket_owner,
         trusted_network, sse, existing, max_object_bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      account.email,
      orNull(account.endpoint),
      orNull(account.region),
      Number(account.forcePathStyle),
      orNull(account.certificateAuthority),
      orNull(account.expectedBucketOwner),
      Number(account.isNetworkTrusted),
      account.sse,
      account.existing,
      account.maxObjectBytes,
      account.createdAt.getTime(),
    );
};

const REPLACE_KEY = `ON CONFLICT (email, access_key_id) DO UPDATE SET sealed_secret = excluded.sealed_secret,
  sealed_session_token = excluded.sealed_session_token, signs = excluded.signs, loads = excluded.loads`;

const insertKey = (
  { database, seal }: TableDeps,
  email: string,
  key: AccountKey,
  onConflict: typeof REPLACE_KEY | '',
): void => {
  const sealed = (field: KeyField, secret: Secret): Uint8Array =>
    seal.seal(Buffer.from(secret.reveal(), 'utf8'), placeOf(email, key.accessKeyId, field));
  database
    .prepare(
      `INSERT INTO account_key (email, access_key_id, sealed_secret, sealed_session_token, signs, loads)
       VALUES (?, ?, ?, ?, ?, ?) ${onConflict}`,
    )
    .run(
      email,
      key.accessKeyId,
      sealed('secret-access-key', key.secretAccessKey),
      key.sessionToken === undefined ? null : sealed('session-token', key.sessionToken),
      Number(key.signs),
      Number(key.loads),
    );
};

const openKey = (deps: TableDeps, email: string, row: Readonly<Record<string, unknown>>): AccountKey => {
  const key = keyRow.parse(withoutNulls(row));
  const opened = (field: KeyField, sealed: Uint8Array): Secret => {
    const value = deps.seal.open(sealed, placeOf(email, key.access_key_id, field));
    if (value === undefined) throw deps.damaged('a secret of an account cannot be decrypted');
    return new Secret(Buffer.from(value).toString('utf8'));
  };
  return {
    accessKeyId: key.access_key_id,
    secretAccessKey: opened('secret-access-key', key.sealed_secret),
    ...(key.sealed_session_token === undefined
      ? {}
      : { sessionToken: opened('session-token', key.sealed_session_token) }),
    signs: key.signs,
    loads: key.loads,
  };
};

type KeyField = 'secret-access-key' | 'session-token';

const placeOf = (email: string, accessKeyId: string, field: KeyField): readonly [string, ...string[]] => [
  'account-key',
  email,
  accessKeyId,
  field,
];
