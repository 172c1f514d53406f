import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockWatch } from './clock-watch.ts';

const hourMs = 3_600_000;

function openWatch() {
  const time = { now: Date.UTC(2030, 0, 1), monotonicMs: 500 };
  const steps: number[] = [];
  const watch = new ClockWatch({
    clock: () => time.now,
    monotonicMs: () => time.monotonicMs,
    onStep: (stepMs) => steps.push(stepMs),
  });
  const pass = (ms: number, driftMs = 0) => {
    time.monotonicMs += ms;
    time.now += ms + driftMs;
  };
  const step = (ms: number) => {
    time.now += ms;
  };
  return { watch, steps, pass, step };
}

test('time that passes is no step, nor is a drift that adds up', () => {
  const { watch, steps, pass } = openWatch();
  for (let second = 0; second < 10_000; second++) {
    pass(1000, 0.5);
    watch.look();
  }
  pass(hourMs);
  watch.look();
  assert.deepEqual(steps, []);
});

test('a step is told of once, with its size and direction', () => {
  const { watch, steps, pass, step } = openWatch();
  for (const stepMs of [-30_000, 91 * 24 * hourMs, -1000]) {
    step(stepMs);
    watch.look();
    pass(1000);
    watch.look();
  }
  assert.deepEqual(steps, [-30_000, 91 * 24 * hourMs, -1000]);
});

test('a clock is steady an hour after the start and after each step, also one that nobody has looked at yet', () => {
  const { watch, pass, step } = openWatch();
  pass(hourMs - 1);
  assert.equal(watch.isSteady(), false);
  pass(1);
  assert.equal(watch.isSteady(), true);
  step(hourMs);
  assert.equal(watch.isSteady(), false);
  pass(hourMs - 1);
  assert.equal(watch.isSteady(), false);
  pass(1);
  assert.equal(watch.isSteady(), true);
});

test('another clock is no step', () => {
  const { watch, steps, step } = openWatch();
  step(-5000);
  watch.begin();
  watch.look();
  assert.deepEqual([steps, watch.hasStepped()], [[], false]);
});

test('a start is no step; one is remembered for an hour', () => {
  const { watch, pass, step } = openWatch();
  assert.equal(watch.hasStepped(), false);
  step(5000);
  assert.equal(watch.hasStepped(), true);
  pass(hourMs);
  assert.equal(watch.hasStepped(), false);
});
