import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from '../protocol/errors.ts';
import { RetryLater } from './retry-later.ts';
import { type Claimant, FailureThrottle, type ThrottleOptions } from './throttle.ts';

const start = Date.UTC(2030, 0, 1);

test('the eleventh attempt after ten wrong secrets is refused without being made, and told when to come back', async () => {
  const { fail, attempts, outcomeOf } = openThrottle();
  await fail('192.0.2.1', 10);
  const refused = await outcomeOf('192.0.2.1', 'right');
  assert.ok(refused instanceof RetryLater);
  assert.deepEqual([refused.code, refused.retryAfterSeconds, attempts.length], [429, 60, 10]);
});

test('attempts are made again as the failures grow old, one by one', async () => {
  const { fail, passTime, outcomeOf, attempts } = openThrottle({ maxFailures: 2 });
  await fail('192.0.2.1', 1);
  passTime(20_000);
  await fail('192.0.2.1', 1);
  passTime(39_001);
  const refused = await outcomeOf('192.0.2.1', 'right');
  assert.ok(refused instanceof RetryLater);
  assert.equal(refused.retryAfterSeconds, 1);
  passTime(999);
  assert.equal(await outcomeOf('192.0.2.1', 'right'), 'right');
  await fail('192.0.2.1', 1);
  assert.ok((await outcomeOf('192.0.2.1', 'right')) instanceof RetryLater);
  assert.equal(attempts.length, 4);
});

test('being refused does not put the end off', async () => {
  const { fail, passTime, outcomeOf } = openThrottle();
  await fail('192.0.2.1', 10);
  passTime(59_999);
  assert.ok((await outcomeOf('192.0.2.1', 'wrong')) instanceof RetryLater);
  passTime(1);
  assert.equal(await outcomeOf('192.0.2.1', 'right'), 'right');
});

test('other addresses are not concerned, and a success clears nothing', async () => {
  const { fail, outcomeOf } = openThrottle();
  await fail('192.0.2.1', 9);
  assert.equal(await outcomeOf('192.0.2.1', 'right'), 'right');
  await fail('192.0.2.1', 1);
  assert.ok((await outcomeOf('192.0.2.1', 'right')) instanceof RetryLater);
  assert.equal(await outcomeOf('192.0.2.2', 'right'), 'right');
});

test('an IPv6 client has all addresses of its /64', async () => {
  const { fail, outcomeOf } = openThrottle();
  await fail('2001:db8:1:2::1', 5);
  await fail('2001:db8:1:2:ffff::2', 5);
  assert.ok((await outcomeOf('2001:db8:1:2::3', 'right')) instanceof RetryLater);
  assert.equal(await outcomeOf('2001:db8:1:3::1', 'right'), 'right');
});

test('failures that say nothing about the credential do not count', async () => {
  const { throttle } = openThrottle();
  for (const failure of [errors.args(), errors.recordNotFound(), errors.internal(), new Error('down')]) {
    for (let i = 0; i < 20; i++) {
      const attempt = () => Promise.reject(failure);
      await assert.rejects(throttle.guard(claimant('192.0.2.1'), attempt), failure);
    }
  }
});

test('who guards says what a wrong credential is', async () => {
  const { throttle } = openThrottle({ maxFailures: 1 });
  const attempt = () => throttle.guard(claimant('192.0.2.1'), () => Promise.reject(new RangeError()), isRangeError);
  await assert.rejects(attempt(), RangeError);
  await assert.rejects(attempt(), RetryLater);
});

test('wrong secrets that arrive at once are not looked at beyond the limit', async () => {
  const { throttle, attempts } = openThrottle();
  const guess = async () => {
    attempts.push('wrong');
    throw errors.noPermission('secret invalid');
  };
  // Requests are separate events: the outcome of one is known before the next begins.
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () =>
      nextEvent().then(() => throttle.guard(claimant('192.0.2.1'), guess).catch((e) => e.code)),
    ),
  );
  assert.equal(attempts.length, 10);
  assert.deepEqual(new Set(outcomes), new Set([1002, 429]));
});

test('O2 only so many addresses are remembered, and those that failed last', async () => {
  const { fail, outcomeOf } = openThrottle({ maxFailures: 2, maxAddresses: 3 });
  await fail('192.0.2.1', 1);
  await fail('192.0.2.2', 1);
  await fail('192.0.2.3', 1);
  await fail('192.0.2.1', 1);
  await fail('192.0.2.4', 1);
  await fail('192.0.2.2', 1);
  assert.equal(await outcomeOf('192.0.2.2', 'right'), 'right', 'its first failure was forgotten');
  assert.ok((await outcomeOf('192.0.2.1', 'right')) instanceof RetryLater);
});

test('a clock that is set back refuses nobody for longer', async () => {
  const { fail, passTime, outcomeOf } = openThrottle();
  await fail('192.0.2.1', 10);
  passTime(-3_600_000);
  assert.equal(await outcomeOf('192.0.2.1', 'right'), 'right');
});

test('an address that begins to be refused is told, those that are refused then are not', async () => {
  const blocked: string[] = [];
  const { fail, outcomeOf } = openThrottle({ onBlocked: (network) => blocked.push(network) });
  await fail('192.0.2.1', 9);
  assert.deepEqual(blocked, []);
  await fail('192.0.2.1', 1);
  await outcomeOf('192.0.2.1', 'wrong');
  assert.deepEqual(blocked, ['192.0.2.1']);
});

test('who has proved the secret of late is not locked out by others with its address, nor they by it', async () => {
  const { fail, passTime, outcomeOf } = openThrottle();
  assert.equal(await outcomeOf('192.0.2.1', 'right', 'back end'), 'right');
  await fail('192.0.2.1', 10);
  assert.ok((await outcomeOf('192.0.2.1', 'right', 'stranger')) instanceof RetryLater);
  assert.equal(await outcomeOf('192.0.2.1', 'right', 'back end'), 'right');
  for (let i = 0; i < 10; i++) await outcomeOf('192.0.2.1', 'wrong', 'back end');
  assert.ok((await outcomeOf('192.0.2.1', 'right', 'back end')) instanceof RetryLater, 'it may not guess either');
  passTime(25 * 3_600_000);
  await fail('192.0.2.1', 10);
  assert.ok((await outcomeOf('192.0.2.1', 'right', 'back end')) instanceof RetryLater, 'a day later it is forgotten');
});

test('nodes count together who guesses at several of them, and apart who has proved the secret at one', async () => {
  const nodes = joinedThrottles(2);
  const [one, other] = nodes;
  assert.equal(await one.outcomeOf('192.0.2.1', 'right', 'back end'), 'right');
  await one.fail('192.0.2.1', 5);
  await other.fail('192.0.2.1', 5);
  for (const { outcomeOf, attempts } of nodes) {
    const looked = attempts.length;
    assert.ok((await outcomeOf('192.0.2.1', 'right')) instanceof RetryLater);
    assert.equal(attempts.length, looked);
    assert.equal(await outcomeOf('192.0.2.1', 'right', 'back end'), 'right');
  }
  for (let i = 0; i < 5; i++) await one.outcomeOf('192.0.2.1', 'wrong', 'back end');
  for (let i = 0; i < 5; i++) await other.outcomeOf('192.0.2.1', 'wrong', 'back end');
  for (const { outcomeOf } of nodes) {
    assert.ok((await outcomeOf('192.0.2.1', 'right', 'back end')) instanceof RetryLater);
  }
});

type Throttle = ReturnType<typeof openThrottle>;

/** What one tells, the others hear at once. */
function joinedThrottles(count: 2): readonly [Throttle, Throttle];
function joinedThrottles(count: number): readonly Throttle[] {
  const listeners: ((news: string) => void)[] = [];
  return Array.from({ length: count }, (_, node) =>
    openThrottle({
      feed: {
        tell: (news) => {
          for (const [index, hear] of listeners.entries()) if (index !== node) hear(news);
        },
        listen: (hear) => listeners.push(hear),
      },
    }),
  );
}

function openThrottle(options: Partial<ThrottleOptions> = {}) {
  const time = { now: start };
  let strangers = 0;
  const attempts: string[] = [];
  const throttle = new FailureThrottle({
    maxFailures: 10,
    windowMs: 60_000,
    maxAddresses: 100,
    clock: () => time.now,
    ...options,
  });
  const compare = async (secret: string): Promise<string> => {
    attempts.push(secret);
    if (secret !== 'right') throw errors.noPermission('secret invalid');
    return secret;
  };
  const outcomeOf = (address: string, secret: string, trait = `stranger ${strangers++}`): Promise<unknown> =>
    throttle.guard(claimant(address, trait), () => compare(secret)).catch((error: unknown) => error);
  return {
    throttle,
    attempts,
    outcomeOf,
    passTime: (ms: number) => {
      time.now += ms;
    },
    fail: async (address: string, times: number) => {
      for (let i = 0; i < times; i++) await outcomeOf(address, 'wrong');
    },
  };
}

function claimant(address: string, trait = ''): Claimant {
  return { address, trait, name: 'imAdmin' };
}

function isRangeError(error: unknown): boolean {
  return error instanceof RangeError;
}

function nextEvent(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
