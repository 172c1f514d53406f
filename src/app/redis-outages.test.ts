import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisOutages } from './redis-outages.ts';

test('however many attempts fail, the log has one line for away and one for back', async () => {
  const lines: string[] = [];
  const back = Promise.withResolvers<void>();
  let attempts = 0;
  let nowMs = 0;
  using outages = new RedisOutages({
    logger: {
      warn: (_fields: unknown, text?: string) => {
        lines.push(String(text));
        if (text === 'Redis is back') back.resolve();
      },
    } as never,
    now: () => nowMs,
    pause: async () => {
      nowMs += 1000;
    },
  });
  outages.watch(async () => {
    outages.noteFailure(new Error('still away'));
    attempts += 1;
    if (attempts < 5) throw new Error('away');
  });

  outages.noteFailure(new Error('lost'));
  outages.noteFailure(new Error('the subscription too'));
  await back.promise;

  assert.deepEqual(lines, ['Redis is away: trying to reach it again', 'Redis is back']);
  assert.equal(nowMs, 5000);
});

test('nothing is said of connections that are closed at the end', () => {
  const outages = new RedisOutages({ logger: { warn: () => assert.fail('no line') } as never });
  outages[Symbol.dispose]();
  outages.noteFailure(new Error('closed'));
});
