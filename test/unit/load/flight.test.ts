// Files in flight: bounded, waited for, no failure lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlight } from '#load/flight.ts';

const work = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

test('launch: begins at once while there is room, then waits until a quarter of the places is free', async () => {
  const flight = createFlight(() => 8);
  const begun = Array.from({ length: 8 }, work);
  for (const one of begun)
    assert.equal(
      flight.launch(() => one.promise),
      undefined,
    );
  let hasBegun = false;

  const launching = flight.launch(() => {
    hasBegun = true;
    return Promise.resolve();
  });
  begun[0]?.resolve();
  await new Promise(setImmediate);
  assert.equal(hasBegun, false);
  begun[1]?.resolve();
  await launching;

  assert.equal(hasBegun, true);
  for (const one of begun) one.resolve();
  await flight.landed();
});

test('launch: goes on with one place, and where the limit grows', async () => {
  let limit = 1;
  const flight = createFlight(() => limit);
  const [first, second] = [work(), work()];
  void flight.launch(() => first.promise);
  const launching = flight.launch(() => second.promise);
  first.resolve();
  await launching;

  limit = 2;

  assert.equal(
    flight.launch(() => Promise.resolve()),
    undefined,
  );
  second.resolve();
  await flight.landed();
});

test('landed: waits for what fails, too, and check says it', async () => {
  const flight = createFlight(() => 4);
  const slow = work();
  void flight.launch(() => Promise.reject(new Error('first')));
  void flight.launch(() => slow.promise);
  setImmediate(() => {
    slow.reject(new Error('second'));
  });

  await flight.landed();

  assert.throws(() => {
    flight.check();
  }, AggregateError);
  assert.throws(() => flight.launch(() => Promise.resolve()), AggregateError);
});

test('launch: fails where it had to wait and something has failed meanwhile', async () => {
  const flight = createFlight(() => 1);
  const one = work();
  void flight.launch(() => one.promise);
  const launching = flight.launch(() => Promise.resolve());
  one.reject(new Error('broken'));

  await assert.rejects(launching ?? Promise.resolve(), /broken/u);
  await flight.landed();
});
