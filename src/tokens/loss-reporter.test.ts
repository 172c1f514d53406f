import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { TokenClaims } from './claims.ts';
import { type TokenEventMap, TokenEvents } from './events.ts';
import { LossReporter } from './loss-reporter.ts';
import type { LossCause } from './token-store.ts';

let now = 0;
let told: TokenEventMap['tokenLost'][] = [];
beforeEach(() => {
  now = 1_000_000;
  told = [];
});

function reporterOver(explainLoss: (userID: string, issuedAt: number) => Promise<LossCause>): LossReporter {
  const events = new TokenEvents((error) => assert.fail(String(error)));
  events.on('tokenLost', (event) => told.push(event));
  return new LossReporter({
    store: { explainLoss, hasForgotten: async (userID) => userID === 'busy' },
    events,
    monotonicMs: () => now,
  });
}

function claimsOf(jti: string): TokenClaims {
  return {
    userID: 'alice',
    platformID: 1,
    jti,
    issuedAt: 5,
    notBefore: 0,
    expiresAt: 2_000_000,
    isOurs: true,
    kid: 'k',
    needsStore: false,
  };
}

test('a lost token is told of once, with whose it is and the likely cause', async () => {
  const asked: unknown[] = [];
  const reporter = reporterOver(async (...question) => {
    asked.push(question);
    return 'eviction';
  });
  for (let i = 0; i < 3; i++) reporter.report(claimsOf('a'));
  await turn();
  reporter.report(claimsOf('a'));
  await turn();
  const { isOurs: _, kid: __, notBefore: ___, needsStore: ____, ...lost } = claimsOf('a');
  assert.deepEqual(told, [{ ...lost, cause: 'eviction' }]);
  assert.deepEqual(asked, [['alice', 5]]);
});

test('many lost at once ask for the cause once, and later ones anew', async () => {
  const causes: LossCause[] = ['flush', 'restart'];
  const reporter = reporterOver(async () => causes.shift() ?? 'unknown');
  for (let i = 0; i < 100; i++) reporter.report(claimsOf(`a${i}`));
  now += 10_000;
  reporter.report(claimsOf('b'));
  await turn();
  assert.equal(told.length, 101);
  assert.deepEqual(
    [told.filter(({ cause }) => cause === 'flush').length, told.find(({ jti }) => jti === 'b')?.cause],
    [100, 'restart'],
  );
});

test('a cause that cannot be asked for is unknown', async () => {
  const reporter = reporterOver(() => Promise.reject(new Error('connection lost')));
  reporter.report(claimsOf('a'));
  await turn();
  assert.deepEqual(
    told.map(({ cause }) => cause),
    ['unknown'],
  );
});

test('O2 remembers no more than ten thousand, the first going first', async () => {
  const reporter = reporterOver(async () => 'flush');
  for (let i = 0; i <= 10_000; i++) reporter.report(claimsOf(`a${i}`));
  reporter.report(claimsOf('a10000'));
  reporter.report(claimsOf('a0'));
  await turn();
  assert.deepEqual([told.length, told.at(-1)?.jti], [10_002, 'a0']);
});

test('of a user whose superseded tokens have been forgotten in good order, an unknown one is no loss', async () => {
  const reporter = reporterOver(async () => 'flush');
  reporter.report({ ...claimsOf('a'), userID: 'busy' });
  await turn();
  assert.deepEqual(told, []);
});
