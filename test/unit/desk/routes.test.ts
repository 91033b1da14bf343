// Which calls the desk answers at all, and when it stops.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aDesk, jobInput, refusalOf } from './a-desk.ts';

const UNKNOWN: readonly string[] = [
  'GET /',
  'GET ',
  'GET /status',
  'GET /Accounts',
  'GET /accounts/',
  'GET /accounts?all',
  'GET //accounts',
  'PUT /accounts',
  'DELETE /accounts',
  'POST /accounts/ada%40example.com',
  'GET /accounts/ada%40example.com/keys',
  'DELETE /accounts/ada%40example.com/keys',
  'POST /accounts/ada%40example.com/locks',
  'POST /accounts//keys',
  'GET /accounts/ada%40example.com/keys/AKIAIOSFODNN7EXAMPLE',
  'DELETE /accounts/ada%40example.com/locks/AKIAIOSFODNN7EXAMPLE',
  'DELETE /accounts/ada%40example.com/keys/',
  'DELETE /accounts/ada%40example.com/keys/AKIAIOSFODNN7EXAMPLE/now',
  'GET /accounts/%E0%A4%A',
  'GET /jobs/',
  'PUT /jobs',
  'DELETE /jobs/53TX4',
  'GET /jobs/53TX4/log',
  'get /jobs',
];

for (const call of UNKNOWN) {
  test(`desk: answers "${call}" with NotFound, naming the path`, async () => {
    const [method = '', path = ''] = call.split(' ');

    const { status, code, happened } = refusalOf(await aDesk().ask(method, path, {}));

    assert.deepEqual([status, code], [404, 'NotFound']);
    assert.ok(happened.includes(path), happened);
  });
}

test('desk: prints a path that would steer a terminal as what it is', async () => {
  const { happened } = refusalOf(await aDesk().ask('GET', '/\u001b[2J'));

  assert.match(happened, /\\u\{1b\}\[2J/u);
});

test('desk: decodes the parts of a path after it has taken them apart', async () => {
  const { code, happened } = refusalOf(await aDesk().ask('GET', '/accounts/a%2Fb%40example.com'));

  assert.equal(code, 'InvalidSender');
  assert.match(happened, /a\/b@example\.com/u);
});

test('desk: rejects with the reason of the signal, when that has ended before the call', async () => {
  const reason = new Error('the station stops');

  await assert.rejects(aDesk().ask('GET', '/accounts', undefined, AbortSignal.abort(reason)), reason);
});

test('desk: rejects with the reason of the signal and stores no job, when that ends while buckets are asked', async () => {
  const reason = new Error('the station stops');
  const stop = new AbortController();
  const scene = aDesk({
    // The last question that is asked: no later one finds the signal by chance.
    refuse: ({ key }) => {
      if (key.startsWith('import-log-')) stop.abort(reason);
      return undefined;
    },
  });

  await assert.rejects(scene.ask('POST', '/jobs', jobInput(), stop.signal), reason);

  assert.equal(scene.probes.length, 2);
  assert.deepEqual(scene.store.jobs(), []);
  assert.equal(scene.openBuckets(), 0);
});
