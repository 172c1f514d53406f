import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedClock } from './shared-clock.ts';

const start = Date.UTC(2030, 0, 1);

/** A host whose clock is 5 s ahead of the store's, and which has been up for 500 ms. */
function openClock() {
  const time = { store: start, host: start + 5000, monotonicMs: 500 };
  const clock = new SharedClock({
    hostClock: () => time.host,
    monotonicMs: () => time.monotonicMs,
  });
  const pass = (ms: number) => {
    for (const each of ['store', 'host', 'monotonicMs'] as const) time[each] += ms;
  };
  const read = (there = 1, back = 1) => {
    const sentAtMs = time.monotonicMs;
    pass(there);
    const at = Math.floor(time.store);
    pass(back);
    clock.note(at, sentAtMs, time.monotonicMs);
  };
  const error = () => Math.abs(clock.now() - time.store);
  return { clock, time, pass, read, error };
}

test('it is the clock of the host until another one was read', () => {
  const { clock, time, read } = openClock();
  assert.equal(clock.now(), time.host);
  assert.deepEqual([clock.hostAheadMs, clock.uncertaintyMs], [0, 0]);
  read();
  assert.ok(Math.abs(clock.now() - time.store) <= 2);
  assert.ok(Math.abs(clock.hostAheadMs - 5000) <= 2);
});

test('readings that take long, one way or the other, make it no worse', () => {
  const { clock, pass, read, error } = openClock();
  read();
  for (const [there, back] of [
    [0, 4000],
    [4000, 0],
    [700, 20],
  ] as const) {
    pass(3000);
    read(there, back);
    assert.ok(error() <= clock.uncertaintyMs + 1, `${error()} ms`);
    assert.ok(clock.uncertaintyMs < 10, `${clock.uncertaintyMs} ms`);
  }
});

test('a first reading that took long is made up for by the next ones, and it never goes back', () => {
  const { clock, pass, read, error } = openClock();
  read(1800, 0);
  assert.ok(clock.uncertaintyMs > 800);
  let last = clock.now();
  for (let second = 0; second < 20; second += 1) {
    pass(100);
    read();
    assert.ok(clock.now() >= last);
    last = clock.now();
  }
  assert.ok(error() <= 2, `${error()} ms`);
});

test('what the host does to its clock is nothing to it', () => {
  const { clock, time, pass, read, error } = openClock();
  read();
  time.host -= 3_600_000;
  pass(3000);
  assert.ok(error() <= 2);
  read();
  assert.ok(error() <= 2);
  assert.ok(Math.abs(clock.hostAheadMs + 3_595_000) <= 2);
});

test('a clock of the store that was set is followed, back and forward', () => {
  const { time, pass, read, error } = openClock();
  read();
  for (const stepMs of [-30_000, 90_000]) {
    pass(3000);
    time.store += stepMs;
    read();
    assert.ok(error() <= 2, `${error()} ms`);
    pass(3000);
    read();
  }
});

test('two clocks that drift apart by 100 ms an hour stay together', () => {
  const { clock, time, pass, read, error } = openClock();
  for (let minute = 0; minute < 120; minute += 1) {
    read();
    pass(60_000);
    time.store += 100 / 60;
  }
  assert.ok(error() <= clock.uncertaintyMs + 1, `${error()} ms, ${clock.uncertaintyMs} ms`);
  assert.ok(clock.uncertaintyMs <= 100);
});
