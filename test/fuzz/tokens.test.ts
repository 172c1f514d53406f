/**
 * Ten thousand mutated tokens through verification, and more than a thousand through the doors of a whole server: no
 * crash, no 500, and nothing accepted but what a live token says. FUZZ_SEED repeats a run, FUZZ_ROUNDS makes it longer;
 * bench/token-fuzz.ts does a million.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { type TestContext, test } from 'node:test';
import { dial } from '../support/socket-client.ts';
import { openSqliteTokens, signingKey, TestAuthority } from '../support/token-authority.ts';
import { converse, envelopeOf } from '../wire/raw-http.ts';
import { World } from '../wire/world.ts';
import { fuzzVerification, TokenCorpus, type TokenSource, tokenCodes } from './token-fuzz.ts';

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const rounds = Number(process.env.FUZZ_ROUNDS ?? 10_000);

test('T5 O1 no mutated token ends verification in anything but a verdict on it', async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed} FUZZ_ROUNDS=${rounds}`);
  const tokens = await openSqliteTokens(Date.now);
  t.after(() => tokens[Symbol.asyncDispose]());
  const { accepted, refused } = await fuzzVerification(new TestAuthority(tokens.store), { seed, rounds });
  t.diagnostic(`accepted ${accepted}, refused ${[...refused].map(([code, count]) => `${code}: ${count}`).join(', ')}`);
  assert.ok(accepted > rounds / 1000, 'good ones were among them');
  for (const code of [1501, 1503, 1505, 1506, 1507]) assert.ok((refused.get(code) ?? 0) > 0, `${code} was among them`);
});

test('T5 O1 no mutated token or header breaks the server', async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const { world, corpus } = await openWorld(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const isGood = (token: string) => corpus.ownerOf(token) !== undefined;
  const judge = (where: string, code: number, token: string) => {
    if (isGood(token)) assert.equal(code, 0, where);
    else assert.ok(tokenCodes.has(code) || code === 1001, `${where}: ${code}`);
  };

  await t.test('in a body', async () => {
    const ask = async (round: number) => {
      const token = corpus.mutant(round);
      const body = JSON.stringify({ token });
      const reply = await world.send({ path: '/auth/parse_token', headers: { operationID: 'op' }, body, agent });
      assert.equal(reply.status, 200);
      judge(`seed ${seed}, round ${round}`, envelopeOf(reply).errCode, token);
    };
    await eightAtATime(500, ask);
  });

  await t.test('in a header', async () => {
    const ask = async (round: number) => {
      const token = corpus.mutant(round);
      // What no HTTP client can put in a header is sent below, by hand; spaces around a value are not part of it.
      if (/[^\x20-\x7e\x80-\xff\t]/.test(token) || token.trim() !== token || token.length > 8000) return;
      const headers = { operationID: 'op', token };
      const reply = await world.send({ path: '/user/get_users_info', headers, body: '{"userIDs":[]}', agent });
      assert.equal(reply.status, 200);
      const { errCode } = envelopeOf(reply);
      if (isGood(token)) assert.ok(errCode === 0 || errCode === 1001, `seed ${seed}, round ${round}: ${errCode}`);
      else judge(`seed ${seed}, round ${round}`, errCode, token);
    };
    await eightAtATime(500, ask);
  });

  await t.test('as bytes in a header, which may be no HTTP at all', async () => {
    const ask = async (round: number) => {
      const token = corpus.mutant(round);
      const name = ['token', 'TOKEN', 'operationID', 'Authorization', 'token ', 'Content-Length'][round % 6];
      const request = `POST /user/get_users_info HTTP/1.1\r\nHost: x\r\nConnection: close\r\noperationID: op\r\n${name}: ${token}\r\nContent-Length: 2\r\n\r\n{}`;
      const reply = await unlessReset(converse(world.apiPort, request), '');
      assert.ok(
        /^HTTP\/1\.1 (200|400|404|405|413|431) /.test(reply) || reply === '',
        `seed ${seed}, round ${round}: ${reply}`,
      );
      assert.ok(!reply.includes('"errCode":500'), `seed ${seed}, round ${round}`);
    };
    await eightAtATime(200, ask);
  });

  await t.test('at the door of the gateway', async () => {
    const ask = async (round: number) => {
      const token = corpus.mutant(round);
      const query = { sendID: 'user0', platformID: '1', token };
      const outcome = await unlessReset(dial({ port: world.wsPort, query }), undefined);
      if (outcome === undefined) return;
      if ('ws' in outcome) {
        outcome.ws.terminate();
        assert.equal(corpus.ownerOf(token), 'user0', `seed ${seed}, round ${round}`);
        return;
      }
      // Headers that are too large are refused before they are read as a request.
      if (outcome.body === '') return assert.equal(outcome.status, 431, `seed ${seed}, round ${round}`);
      const { errCode } = JSON.parse(outcome.body);
      // 1502: a good token, but not of the user who is named.
      const isExpected = isGood(token) ? errCode === 1502 : tokenCodes.has(errCode) || [1001, 1602].includes(errCode);
      assert.ok(isExpected, `seed ${seed}, round ${round}: ${errCode}`);
    };
    await eightAtATime(200, ask);
  });

  await t.test('and the server has noticed nothing', async () => {
    assert.equal(await world.verdict(world.token('user')), 0);
    assert.equal((await world.send({ method: 'GET', path: '/readyz' })).status, 200);
  });
});

async function openWorld(t: TestContext): Promise<{ world: World; corpus: TokenCorpus }> {
  const world = await World.open({ TESSERA_SIGNING_KEYS: signingKey });
  t.after(() => world[Symbol.asyncDispose]());
  const { authority } = world.app.services;
  const users = Array.from({ length: 8 }, (_, i) => `user${i}`);
  await world.register(...users, 'kicked', 'cutoff');
  const source: TokenSource = {
    login: (userID, platformID = 1) => world.issue(userID, platformID),
    loginAdmin: async () => world.token('admin'),
    verify: (token) => authority.verify(token),
    forceLogout: (...request) => authority.forceLogout(...request),
    revokeIssuedBefore: (...request) => authority.revokeIssuedBefore(...request),
  };
  return { world, corpus: await TokenCorpus.of(source, seed) };
}

/** A server that has refused what is no request does not wait for the rest of it, which may reset the connection. */
async function unlessReset<T, U>(answer: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
      return otherwise;
    }
    throw error;
  }
}

async function eightAtATime(count: number, ask: (round: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await ask(next++);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}
