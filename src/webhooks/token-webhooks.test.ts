import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { nobody, TokenEvents } from '../tokens/events.ts';
import type { FoundToken } from '../tokens/token-store.ts';
import { TokenWebhooks } from './token-webhooks.ts';

const unexpected = (what: unknown) => assert.fail(String(what));

test('no expiry is told of a token that another node ends before its issue is written, and of no other', async () => {
  const expiries = new Set<string>();
  const effects: (() => unknown)[] = [];
  const tx: Transaction = { afterCommit: (effect) => effects.push(effect) };
  const states = { ended: 'kicked', renewed: 'superseded', good: 'live' } as const;
  await using hooks = new TokenWebhooks({
    webhooks: {
      setting: (name) => (name === 'afterTokenExpired' ? ({} as never) : undefined),
      entry: () => assert.fail('only expiries are told'),
    },
    events: new TokenEvents(unexpected),
    tokens: {
      find: async ({ jti }) => ({ record: { state: states[jti as keyof typeof states] } }) as FoundToken,
      everyonesCutoffs: async () => new Map(),
    },
    store: {
      add: async (_tx, entries) => {
        for (const { key } of entries) expiries.add(key);
      },
      cancel: async (_tx, _topic, keys) => {
        for (const key of keys) expiries.delete(key);
      },
    },
    unitOfWork: { transaction: (work) => work(tx) },
    wake: () => {},
    now: () => 1000,
    monotonicMs: () => 0,
    observer: { failed: unexpected, dropped: unexpected, outageEnded: unexpected },
  });
  const issue = { kind: 'issued', userID: 'alice', platformID: 1, expiresAt: 9000, by: nobody, how: 'login' } as const;
  await hooks.tell(
    tx,
    Object.keys(states).map((jti) => ({ ...issue, jti })),
  );
  for (const effect of effects.splice(0)) await effect();
  assert.deepEqual([...expiries], ['token good']);
});
