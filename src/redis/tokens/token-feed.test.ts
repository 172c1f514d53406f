/** The feed over a Redis that the test plays, with a clock that the test turns. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RedisClient, RedisListener } from '../client/client.ts';
import { TokenFeed } from './token-feed.ts';

const changes = 'tessera:tokens';

/** A feed that is open, and what it says. */
async function openFeed(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const said: unknown[] = [];
  let now = 1_000_000;
  let channels: readonly string[] = [];
  let listener: RedisListener | undefined;
  let renewals = 0;
  let isDisposed = false;
  let beats: string[] = [];
  const redis = {
    publish: async (_channel: string, message: string) => {
      beats.push(message);
      throw new Error('nobody minds');
    },
    subscribe: async (names: readonly string[], heard: RedisListener) => {
      [channels, listener] = [names, heard];
      return {
        renew: () => {
          renewals++;
          heard.onLost();
        },
        [Symbol.asyncDispose]: async () => {
          isDisposed = true;
        },
      };
    },
  } as unknown as RedisClient;
  const feed = await TokenFeed.open(
    redis,
    {
      onChange: (change) => said.push(change),
      onLost: () => said.push('lost'),
      onRestored: () => said.push('restored'),
    },
    () => now,
  );
  assert.ok(listener !== undefined);
  const { onMessage, onLost, onRestored } = listener;
  const takeBeats = () => {
    const sent = beats;
    beats = [];
    return {
      giveBack: () => {
        for (const beat of sent) onMessage(channels[1] ?? '', Buffer.from(beat));
        return sent.length;
      },
    };
  };
  return {
    onLost,
    onRestored,
    publish: (message: string) => onMessage(changes, Buffer.from(message)),
    /** Redis gives back the heartbeats that it was sent since the last time. */
    returnBeats: () => takeBeats().giveBack(),
    takeBeats,
    pass: (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        now += 100;
        t.mock.timers.tick(100);
      }
    },
    /** The process stands still: time goes by, and no timer runs. */
    standStill: (ms: number) => {
      now += ms;
    },
    isFresh: () => feed.isFresh(),
    take: () => said.splice(0),
    dispose: () => feed[Symbol.asyncDispose](),
    channels,
    renewals: () => renewals,
    isDisposed: () => isDisposed,
  };
}

test('hears from the beginning, of every kind of change', async (t) => {
  const { channels, publish, take } = await openFeed(t);
  assert.equal(channels[0], changes);
  assert.match(channels[1] ?? '', /^tessera:heartbeats:[\da-f-]{36}$/, 'heartbeats of its own');
  publish('{"kind":"ended","userID":"ä","tokens":[{"jti":"a","platformID":1}],"reason":"forced"}');
  publish('{"kind":"superseded","userID":"u","jtis":["a","b"],"acceptedUntil":"1790000000001"}');
  publish('{"kind":"cutoff","userID":"","platformID":0,"notBefore":"1790000000002"}');
  publish('{"kind":"cutoffButOne","userID":"a","platformID":0,"notBefore":1790000000003,"spares":"j"}');
  assert.deepEqual(take(), [
    { kind: 'ended', userID: 'ä', tokens: [{ jti: 'a', platformID: 1 }], reason: 'forced' },
    { kind: 'superseded', userID: 'u', jtis: ['a', 'b'], acceptedUntil: 1790000000001 },
    { kind: 'cutoff', userID: '', platformID: 0, notBefore: 1790000000002 },
    { kind: 'cutoffButOne', userID: 'a', platformID: 0, notBefore: 1790000000003, spares: 'j' },
  ]);
});

test('stays live as long as its heartbeats come back', async (t) => {
  const { pass, returnBeats, take, renewals } = await openFeed(t);
  for (let second = 0; second < 10; second++) {
    pass(1000);
    assert.equal(returnBeats(), second === 0 ? 3 : 2);
  }
  assert.deepEqual([take(), renewals()], [[], 0]);
});

test('T4 a subscription that has fallen silent is noticed within two seconds, and renewed', async (t) => {
  const { pass, returnBeats, take, renewals, onRestored } = await openFeed(t);
  pass(1000);
  returnBeats();
  pass(1400);
  assert.deepEqual(take(), []);
  pass(600);
  assert.deepEqual([take(), renewals()], [['lost'], 1]);

  pass(5000);
  assert.equal(renewals(), 1, 'one that is being made is left to it');
  onRestored();
  assert.deepEqual(take(), [], 'a new connection alone proves nothing');
  pass(1500);
  assert.equal(renewals(), 1);
  pass(500);
  assert.equal(renewals(), 2, 'the new one is as silent');
  onRestored();
  returnBeats();
  assert.deepEqual(take(), ['restored']);
});

test('T4 after a standstill nothing is relied on until a new heartbeat is back, whatever the timers have seen', async (t) => {
  const { pass, returnBeats, standStill, isFresh, take } = await openFeed(t);
  pass(600);
  returnBeats();
  assert.equal(isFresh(), true);
  standStill(900);
  assert.equal(isFresh(), true, 'a second is the time of two heartbeats');
  standStill(1);
  assert.deepEqual([isFresh(), take()], [false, []], 'no timer has run, and nobody was told');
  pass(400);
  assert.equal(isFresh(), false);
  returnBeats();
  assert.equal(isFresh(), true);
});

test('T4 a subscription that is lost is not fresh, however new its last heartbeat', async (t) => {
  const { onLost, returnBeats, isFresh } = await openFeed(t);
  returnBeats();
  onLost();
  assert.equal(isFresh(), false);
});

test('T4 heartbeats that come back late say nothing of now', async (t) => {
  const { pass, returnBeats, takeBeats, take, onRestored } = await openFeed(t);
  const old = takeBeats();
  pass(2000);
  onRestored();
  assert.deepEqual(take(), ['lost']);
  old.giveBack();
  assert.deepEqual(take(), []);
  returnBeats();
  assert.deepEqual(take(), ['restored'], 'the newest was sent just now');
});

test('a subscription that is lost is live again when a heartbeat of the new one is back', async (t) => {
  const { onLost, onRestored, returnBeats, take, pass } = await openFeed(t);
  onLost();
  onLost();
  assert.deepEqual(take(), ['lost']);
  returnBeats();
  assert.deepEqual(take(), [], 'what comes in while it is lost proves nothing');
  pass(500);
  onRestored();
  returnBeats();
  assert.deepEqual(take(), ['restored']);
});

test('T4 a loss before the first heartbeat is a loss', async (t) => {
  const { onLost, take } = await openFeed(t);
  onLost();
  assert.deepEqual(take(), ['lost']);
});

for (const message of [
  '',
  'not JSON',
  'null',
  '7',
  '{}',
  '{"kind":"renamed","userID":"u"}',
  '{"kind":"ended","userID":"u"}',
  '{"kind":"ended","userID":"u","tokens":[null]}',
  '{"kind":"superseded","userID":"u","jtis":{}}',
]) {
  test(`T4 O1 a message that it cannot read may have ended anything: ${message}`, async (t) => {
    const { publish, take, onLost } = await openFeed(t);
    publish(message);
    assert.deepEqual(take(), ['lost', 'restored']);
    onLost();
    publish(message);
    assert.deepEqual(take(), ['lost'], 'and does not end a loss');
  });
}

test('ends with its subscription and its timer', async (t) => {
  const { dispose, isDisposed, returnBeats, pass } = await openFeed(t);
  returnBeats();
  await dispose();
  pass(2000);
  assert.deepEqual([isDisposed(), returnBeats()], [true, 0]);
});
