import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenEvents } from '../../tokens/events.ts';
import type { Hub } from '../hub.ts';
import { Recheck, type RecheckOptions } from './recheck.ts';

const twoTurns = async () => {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
};

test('a gateway that stops while it hears nothing leaves no timer that would keep the process', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const events = new TokenEvents((error) => assert.fail(error as Error));
  const answer = Promise.withResolvers<number>();
  const session = { isEnding: false } as unknown as Hub['all'] extends ReadonlySet<infer Session> ? Session : never;
  const all = new Set([session]);
  let looks = 0;
  const hub = {
    get all() {
      looks++;
      return all;
    },
  };
  const authority = { lookAgain: () => answer.promise, hearsAll: () => false };
  const logger = { warn: () => {} } as unknown as RecheckOptions['logger'];
  const recheck = new Recheck({ hub, authority, events, logger, monotonicMs: () => 0 });

  events.emit('hearing', { isHearing: false });
  assert.equal(looks, 1);
  recheck[Symbol.dispose]();
  answer.resolve(1);
  await twoTurns();
  t.mock.timers.tick(60_000);
  await twoTurns();
  assert.equal(looks, 1);
});
