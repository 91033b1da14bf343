// The contract of the store, on the double and on SQLite: accounts and their keys.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '#language/secret.ts';
import type { Store } from '#store/contract.ts';
import { sampleAccount, sampleKey } from '../support/store-samples.ts';
import { STORE_SUBJECTS, type StoreSubject } from '../support/store-subjects.ts';

for (const { name, open } of STORE_SUBJECTS) {
  describe(`store in ${name}`, () => {
    accountTests(open);
  });
}

function accountTests(open: StoreSubject['open']): void {
  test('account: gives back what was added, when nothing optional is set', (t) => {
    const store = open(t);
    store.addAccount(sampleAccount());

    assert.deepEqual(revealed(store.account('ada@example.com')), revealed(sampleAccount()));
  });

  test('account: gives back what was added, when everything is set', (t) => {
    const store = open(t);
    const account = sampleAccount({
      endpoint: 'https://s3.example.com',
      region: 'eu-west-1',
      forcePathStyle: true,
      certificateAuthority: '-----BEGIN CERTIFICATE-----\n',
      expectedBucketOwner: '123456789012',
      sse: 'kms:alias/imports',
      existing: 'refuse',
      maxObjectBytes: 5_497_558_138_880,
      keys: [
        sampleKey({ accessKeyId: 'ZZZ', sessionToken: new Secret('töken'), loads: false }),
        sampleKey({ accessKeyId: 'AAA', secretAccessKey: new Secret('other'), signs: false }),
      ],
    });
    store.addAccount(account);

    assert.deepEqual(revealed(store.account('ada@example.com')), revealed(account));
  });

  test('account: is undefined, when there is none of that name', (t) => {
    assert.equal(open(t).account('bob@example.com'), undefined);
  });

  test('accounts: lists all by name', (t) => {
    const store = open(t);
    store.addAccount(sampleAccount({ email: 'bob@example.com' }));
    store.addAccount(sampleAccount());

    assert.deepEqual(
      store.accounts().map(({ email }) => email),
      ['ada@example.com', 'bob@example.com'],
    );
  });

  test('addAccount: throws and changes nothing, when the account is there already', (t) => {
    const store = open(t);
    store.addAccount(sampleAccount());

    assert.throws(() => {
      store.addAccount(sampleAccount({ region: 'eu-west-1', keys: [sampleKey({ accessKeyId: 'OTHER' })] }));
    });
    assert.deepEqual(revealed(store.account('ada@example.com')), revealed(sampleAccount()));
  });

  test('addAccount: throws and keeps nothing, when two of its keys have one ID', (t) => {
    const store = open(t);

    assert.throws(() => {
      store.addAccount(sampleAccount({ keys: [sampleKey(), sampleKey({ signs: false })] }));
    });
    assert.deepEqual(store.accounts(), []);
  });

  test('removeAccount: forgets the account with its keys', (t) => {
    const store = open(t);
    store.addAccount(sampleAccount());
    store.removeAccount('ada@example.com');
    store.addAccount(sampleAccount({ keys: [] }));

    assert.deepEqual(store.account('ada@example.com')?.keys, []);
  });

  test('removeAccount: throws, when there is none', (t) => {
    const store = open(t);

    assert.throws(() => {
      store.removeAccount('ada@example.com');
    });
  });

  test('addAccountKey: puts the key behind the others', (t) => {
    const store = open(t);
    store.addAccount(sampleAccount());
    store.addAccountKey('ada@example.com', sampleKey({ accessKeyId: 'AAA' }));

    assert.deepEqual(
      store.account('ada@example.com')?.keys.map(({ accessKeyId }) => accessKeyId),
      ['AKIAIOSFODNN7EXAMPLE', 'AAA'],
    );
  });

  test('addAccountKey: replaces secret, token and rights in its place, when the account has the key already', (t) => {
    const store = open(t);
    const other = sampleKey({ accessKeyId: 'AAA' });
    const former = sampleKey({ sessionToken: new Secret('a token that is over') });
    const replacing = sampleKey({ secretAccessKey: new Secret('another secret'), signs: false });
    store.addAccount(sampleAccount({ keys: [former, other] }));
    store.addAccountKey('ada@example.com', replacing);

    assert.deepEqual(revealed(store.account('ada@example.com')), revealed(sampleAccount({ keys: [replacing, other] })));
  });

  test('addAccountKey: throws, when there is no such account', (t) => {
    const store = open(t);

    assert.throws(() => {
      store.addAccountKey('bob@example.com', sampleKey());
    });
  });

  test('removeAccountKey: takes that key of that account alone', (t) => {
    const store = open(t);
    store.addAccount(sampleAccount({ keys: [sampleKey(), sampleKey({ accessKeyId: 'AAA' })] }));
    store.addAccount(sampleAccount({ email: 'bob@example.com' }));
    store.removeAccountKey('ada@example.com', 'AKIAIOSFODNN7EXAMPLE');

    assert.deepEqual(
      store.accounts().map(({ keys }) => keys.map(({ accessKeyId }) => accessKeyId)),
      [['AAA'], ['AKIAIOSFODNN7EXAMPLE']],
    );
    assert.throws(() => {
      store.removeAccountKey('ada@example.com', 'AKIAIOSFODNN7EXAMPLE');
    });
  });
}

// Secrets compare by what they hide.
const revealed = (account: ReturnType<Store['account']>): unknown =>
  account === undefined
    ? undefined
    : {
        ...account,
        keys: account.keys.map(({ secretAccessKey, sessionToken, ...key }) => ({
          ...key,
          secret: secretAccessKey.reveal(),
          token: sessionToken?.reveal(),
        })),
      };
