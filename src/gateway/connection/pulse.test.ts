/** The second hand of the gateway, with sessions that only remember what was done to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CloseReason, closeReasons, cutReasons } from './close-reason.ts';
import { everySecond, Pulse } from './pulse.ts';

const days90 = 90 * 86_400_000;

class FakeSession {
  endsAt = Number.POSITIVE_INFINITY;
  lastSeenSeconds = 0;
  pingPhase = 0;
  isEnding = false;
  isPaused = false;
  readonly seen: string[] = [];

  constructor(fields: Partial<FakeSession> = {}) {
    Object.assign(this, fields);
  }

  end({ name }: CloseReason): void {
    this.isEnding = true;
    this.seen.push(name);
  }

  cut(name: string): void {
    this.isEnding = true;
    this.seen.push(name);
  }

  ping(): void {
    this.seen.push('ping');
  }

  look(): void {}
}

function pulseOf(pingIntervalSeconds = 25): Pulse {
  return new Pulse({ readDeadlineSeconds: 30, pingIntervalSeconds });
}

test('T7: a connection ends at the end of its token and not before, also of one of 90 days', () => {
  const start = Date.UTC(2030, 0, 1);
  const session = new FakeSession({ endsAt: start + days90, isPaused: true, pingPhase: 1 });
  const pulse = pulseOf(1000);
  pulse.beat([session], start + days90 - 1);
  assert.deepEqual(session.seen, []);
  pulse.beat([session], start + days90);
  assert.deepEqual(session.seen, [closeReasons.tokenExpired.name]);
});

test('T7: a look that comes late, over a clock that has jumped, ends everything that is due', () => {
  const session = new FakeSession({ endsAt: 1000 });
  pulseOf().beat([session], 1000 + days90);
  assert.deepEqual(session.seen, [closeReasons.tokenExpired.name]);
});

test('a connection that is silent for 30 seconds is cut off within the next', () => {
  const session = new FakeSession();
  const pulse = pulseOf(1000);
  for (let second = 1; second <= 30; second++) pulse.beat([session], 0);
  assert.deepEqual(session.seen, []);
  pulse.beat([session], 0);
  assert.deepEqual(session.seen, [cutReasons.silent]);
});

test('silence is counted from the last frame', () => {
  const session = new FakeSession();
  const pulse = pulseOf(1000);
  for (let second = 1; second <= 300; second++) {
    if (second % 29 === 0) session.lastSeenSeconds = pulse.seconds;
    pulse.beat([session], 0);
  }
  assert.deepEqual(session.seen, []);
});

test('a stall of the process makes nobody silent', () => {
  const session = new FakeSession();
  const pulse = pulseOf(1000);
  pulse.beat([session], 0);
  pulse.beat([session], 600_000);
  assert.deepEqual(session.seen, []);
});

test('a connection whose requests keep us busy is not taken for silent', () => {
  const session = new FakeSession({ isPaused: true });
  const pulse = pulseOf(1000);
  for (let second = 1; second <= 100; second++) pulse.beat([session], 0);
  assert.deepEqual(session.seen, []);
});

test('every connection is pinged every 25 seconds, and those of one moment in different seconds', async (t) => {
  // All in one slice, however busy the machine is, and none of it used by the tests before this one.
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.method(performance, 'now', () => 0);
  const pulse = pulseOf();
  const sessions = Array.from({ length: 100 }, () => new FakeSession({ pingPhase: pulse.nextPhase() }));
  const gaps = sessions.map(() => 0);
  for (let second = 1; second <= 200; second++) {
    for (const session of sessions) session.lastSeenSeconds = pulse.seconds;
    pulse.beat(sessions, 0);
    const pinged = sessions.filter(({ seen }) => seen.splice(0).length > 0);
    assert.equal(pinged.length, 4);
    for (const [i, session] of sessions.entries()) gaps[i] = pinged.includes(session) ? 0 : (gaps[i] ?? 0) + 1;
    assert.ok(Math.max(...gaps) < 25);
  }
});

test('a connection that is ending is left alone', () => {
  const session = new FakeSession({ endsAt: 0, isEnding: true, lastSeenSeconds: -100 });
  pulseOf(1).beat([session], 1);
  assert.deepEqual(session.seen, []);
});

test('T7: looks come just after whole seconds of the clock', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 12_345 });
  const looks: number[] = [];
  const stop = everySecond(Date.now, () => looks.push(Date.now()));
  for (let ms = 0; ms < 3000; ms++) t.mock.timers.tick(1);
  assert.deepEqual(looks, [13_002, 14_002, 15_002]);
  stop();
  t.mock.timers.tick(3000);
  assert.equal(looks.length, 3);
});

test('looks keep their pace when the clock stands still', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let looks = 0;
  everySecond(
    () => 999,
    () => looks++,
  );
  for (let ms = 0; ms < 10_000; ms++) t.mock.timers.tick(1);
  assert.ok(looks >= 6 && looks <= 20, `${looks} looks in 10 s`);
});
