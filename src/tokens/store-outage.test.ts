import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { TokenEvents } from './events.ts';
import { StoreOutage, storeFailure } from './store-outage.ts';

const failure = new Error('connection lost');
let now = 0;
/** By how much the clock was set. */
let setBy = 0;
let told: unknown[] = [];
beforeEach(() => {
  now = 1000;
  setBy = 0;
  told = [];
});

function outageOf(acceptSignedMs: number): StoreOutage {
  const events = new TokenEvents((error) => assert.fail(String(error)));
  events.on('storeDown', ({ accepting, error }) => told.push([now, accepting ? 'accepting' : 'refusing', error]));
  events.on('storeUp', ({ acceptedMeanwhile }) => told.push([now, 'up', acceptedMeanwhile]));
  return new StoreOutage({ acceptSignedMs, clock: () => now + setBy, monotonicMs: () => now, events });
}

test('nothing is accepted unless it was configured; told of once, until the store has answered for a while', () => {
  const outage = outageOf(0);
  outage.answered();
  assert.deepEqual([outage.acceptsUntil(failure), outage.acceptsUntil(failure)], [undefined, undefined]);
  now += 86_400_000;
  assert.equal(outage.acceptsUntil(failure), undefined);
  outage.answered();
  now += 30_000;
  outage.answered();
  outage.answered();
  assert.deepEqual(told, [
    [1000, 'refusing', failure],
    [now, 'up', 0],
  ]);
});

test('signatures are enough for a limited time after the first failure, and that it is over is told too', () => {
  const outage = outageOf(5000);
  assert.equal(outage.acceptsUntil(failure), 6000);
  now += 4999;
  outage.answered();
  assert.equal(outage.acceptsUntil(failure), 6000, 'an answer in between does not begin it anew');
  now += 1;
  assert.deepEqual([outage.acceptsUntil(failure), outage.acceptsUntil(failure)], [undefined, undefined]);
  now += 30_000;
  outage.answered();
  assert.deepEqual(told, [
    [1000, 'accepting', failure],
    [6000, 'refusing', failure],
    [36_000, 'up', 2],
  ]);
});

test('a clock that is set back gives signatures no more time, and none less that is set forward', () => {
  const outage = outageOf(5000);
  outage.acceptsUntil(failure);
  now += 4000;
  for (setBy of [-3_600_000, 3_600_000]) assert.equal(outage.acceptsUntil(failure), now + setBy + 1000);
  now += 1000;
  for (setBy of [-3_600_000, 3_600_000]) assert.equal(outage.acceptsUntil(failure), undefined);
});

test('the next outage has a time and a count of its own', () => {
  const outage = outageOf(5000);
  outage.acceptsUntil(failure);
  now += 30_000;
  outage.answered();
  now += 60_000;
  assert.equal(outage.acceptsUntil(failure), now + 5000);
  now += 30_000;
  outage.answered();
  assert.deepEqual(
    told.map((entry) => (entry as unknown[]).slice(1)),
    [
      ['accepting', failure],
      ['up', 1],
      ['accepting', failure],
      ['up', 1],
    ],
  );
});

test('T5 a failure of the store is 500, with the reason kept inside', () => {
  const error = storeFailure(failure);
  assert.deepEqual([error.code, error.detail, error.cause], [500, 'token store unavailable', failure]);
});
