/** Verification over a store and a clock that the test plays. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { brokenStore, rejectsWith } from '../../test/support/token-authority.ts';
import { errors } from '../protocol/errors.ts';
import { newTokenID, TokenCodec } from './claims.ts';
import { type TokenEventMap, TokenEvents } from './events.ts';
import { LegacyTokenStore } from './legacy-token-store.ts';
import type { LegacyTokens } from './legacy-tokens.ts';
import { SigningKeys } from './signing-keys.ts';
import { StoreFault, StoreOutage } from './store-outage.ts';
import type { FoundToken, TokenChange, TokenRecord, TokenStore } from './token-store.ts';
import { TokenVerifier } from './verifier.ts';

const key = 'the signing key of the test';
const hourMs = 3_600_000;
const cacheTtlMs = 10_000;
let now = 0;
beforeEach(() => {
  now = Date.UTC(2030, 0, 1);
});

/** What a store knows, by jti; and how it was asked. */
class PlayedStore {
  readonly records = new Map<string, TokenRecord>();
  cutoffs = new Map<number, number>();
  everyones = new Map<number, number>();
  isDown = false;
  fault: Error | undefined;
  /** What an answer waits for on its way. */
  way: Promise<unknown> = Promise.resolve();
  finds = 0;
  readonly explained: string[] = [];

  readonly asStore: TokenStore = brokenStore({
    find: async ({ jti }) => {
      this.finds++;
      return this.#answer<FoundToken>({ record: this.records.get(jti), cutoffs: new Map(this.cutoffs) });
    },
    everyonesCutoffs: () => this.#answer(new Map(this.everyones)),
    explainLoss: async (userID) => {
      this.explained.push(userID);
      return 'eviction';
    },
  });

  end(jti: string, state: TokenRecord['state'] = 'kicked', acceptedUntil = 0): void {
    const record = this.records.get(jti);
    assert.ok(record !== undefined);
    this.records.set(jti, { ...record, state, acceptedUntil });
  }

  async #answer<T>(answer: T): Promise<T> {
    const { isDown, fault } = this;
    await this.way;
    if (fault !== undefined) throw fault;
    if (isDown) throw new Error('connection lost');
    return answer;
  }
}

function open({
  acceptSignedMs = 0,
  maxTokens = 100,
  legacy = undefined as LegacyTokens | undefined,
  needingStore = [] as readonly string[],
} = {}) {
  const store = new PlayedStore();
  const events = new TokenEvents((error) => assert.fail(String(error)));
  const keys = new SigningKeys([key], needingStore);
  const codec = new TokenCodec(keys);
  const clock = () => now;
  const verifier = new TokenVerifier({
    store: legacy === undefined ? store.asStore : new LegacyTokenStore(store.asStore, legacy),
    codec,
    adminUserIDs: new Set(['imAdmin']),
    clock,
    monotonicMs: clock,
    events,
    cache: { maxTokens, ttlMs: cacheTtlMs },
    outage: new StoreOutage({ acceptSignedMs, clock, monotonicMs: clock, events }),
    honoursLegacy: legacy !== undefined,
  });
  const heard = <Name extends keyof TokenEventMap>(name: Name) => {
    const list: TokenEventMap[Name][] = [];
    events.on(name, (event) => list.push(event));
    return list;
  };
  /** A token that the store knows as live. */
  const issue = (userID = 'alice', platformID: 1 | 5 | 10 = 1, ttlMs = hourMs) => {
    const signed = codec.sign({ userID, platformID, jti: newTokenID(randomBytes), now, ttlMs });
    const { token, jti, expiresAt } = signed;
    const record = { jti, userID, platformID, issuedAt: now, expiresAt, deviceName: '' };
    store.records.set(jti, { ...record, state: 'live', reason: '', acceptedUntil: 0, lastSeenAt: 0 });
    return { token, jti };
  };
  keys.whenReplaced(() => events.emit('keysReplaced', { kids: new Set(keys.ring.all.map(({ kid }) => kid)) }));
  /** What happened on whatever node. */
  const hear = (change: TokenChange) => {
    const how = { origin: 'elsewhere', by: { userID: '', operationID: '' } } as const;
    if (change.kind === 'cutoff') events.emit('cutoffRaised', { ...change, ...how });
    if (change.kind === 'superseded') events.emit('tokensSuperseded', { ...change, ...how });
    if (change.kind === 'ended') {
      const jtis = change.tokens.map(({ jti }) => jti);
      events.emit('tokensEnded', { userID: change.userID, platformID: 1, jtis, reason: change.reason, ...how });
    }
  };
  const setHearing = (isHearing: boolean) => events.emit('hearing', { isHearing });
  return { store, events, keys, codec, verifier, heard, hear, setHearing, issue };
}

function endedChange(...jtis: string[]): TokenChange {
  return { kind: 'ended', userID: 'alice', tokens: jtis.map((jti) => ({ jti, platformID: 1 })), reason: 'forced' };
}

describe('a token whose time seems not to have come', () => {
  test('T1 is accepted if the store knows it: the clock of its issuer was ahead, or ours was set back', async () => {
    const { verifier, issue } = open();
    const { token } = issue();
    for (const backMs of [10_000, 30_000, hourMs]) {
      now -= backMs;
      assert.equal((await verifier.verify(token)).userID, 'alice');
    }
  });

  test('is 1504 or 1505 if nobody knows it, and no loss', async () => {
    const { verifier, heard } = open();
    const lost = heard('tokenLost');
    const seconds = now / 1000;
    const claims = { UserID: 'alice', PlatformID: 1, exp: seconds + 3600 };
    for (const [change, code] of [
      [{ nbf: seconds + 1 }, 1504],
      [{ iat: seconds + 1 }, 1505],
    ] as const) {
      const token = new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'HS256' });
      await assert.rejects(verifier.verify(await token.sign(Buffer.from(key))), rejectsWith(code));
    }
    await turn();
    assert.deepEqual(lost, []);
  });

  test('T5 is 500 while the store cannot be asked', async () => {
    const { verifier, store, issue } = open();
    const { token } = issue();
    store.isDown = true;
    now -= 30_000;
    await assert.rejects(verifier.verify(token), rejectsWith(500));
  });
});

describe('the cache', () => {
  test('serves a token that was found good, for its time', async () => {
    const { verifier, store, issue, heard } = open();
    const { token } = issue();
    const verified = heard('tokenVerified');
    const first = await verifier.verify(token);
    assert.equal(await verifier.verify(token), first);
    now += cacheTtlMs - 1;
    await verifier.verify(token);
    assert.equal(store.finds, 1);
    now += 1;
    await verifier.verify(token);
    assert.equal(store.finds, 2);
    assert.deepEqual(
      verified.map(({ code, wasCached }) => [code, wasCached]),
      [
        [0, false],
        [0, true],
        [0, true],
        [0, false],
      ],
    );
  });

  test('T1 never beyond the end of the token: 1501', async () => {
    const { verifier, issue } = open();
    const { token } = issue('alice', 1, 2000);
    await verifier.verify(token);
    now += 1999;
    await verifier.verify(token);
    now += 1;
    await assert.rejects(verifier.verify(token), rejectsWith(1501));
  });

  test('T4 never beyond the grace of a superseded token: 1507', async () => {
    const { verifier, store, issue } = open();
    const { token, jti } = issue();
    store.end(jti, 'superseded', now + 3000);
    assert.equal((await verifier.verify(token)).endsAt, now + 3000);
    now += 2999;
    await verifier.verify(token);
    now += 1;
    await assert.rejects(verifier.verify(token), rejectsWith(1507));
  });

  const ends: Record<string, (jti: string) => { change: TokenChange; state: TokenRecord['state'] | 'cut off' }> = {
    'a kick': (jti) => ({ change: endedChange(jti), state: 'kicked' }),
    'a revocation of several': (jti) => ({ change: endedChange('b', jti), state: 'revoked' }),
    'a supersession': (jti) => ({
      change: { kind: 'superseded', userID: 'alice', jtis: [jti], acceptedUntil: now },
      state: 'superseded',
    }),
    "a cutoff of the user's": () => ({
      change: { kind: 'cutoff', userID: 'alice', platformID: 0, notBefore: now + 1 },
      state: 'cut off',
    }),
  };
  for (const [what, how] of Object.entries(ends)) {
    test(`T4 drops a token at the news of ${what}`, async () => {
      const { verifier, store, issue, hear } = open();
      const { token, jti } = issue();
      await verifier.verify(token);
      const { change, state } = how(jti);
      if (state === 'cut off') store.cutoffs.set(0, now + 1);
      else store.end(jti, state, now);
      hear(change);
      await assert.rejects(verifier.verify(token), rejectsWith(state === 'superseded' ? 1507 : 1506));
    });
  }

  test("T4 takes everyone's cutoff from the news, without asking", async () => {
    const { verifier, issue, hear } = open();
    const [web, phone] = [issue('alice', 5), issue('alice', 1)];
    for (const { token } of [web, phone]) await verifier.verify(token);
    hear({ kind: 'cutoff', userID: '', platformID: 5, notBefore: now + 1 });
    await assert.rejects(verifier.verify(web.token), rejectsWith(1506));
    await verifier.verify(phone.token);
    hear({ kind: 'cutoff', userID: '', platformID: 0, notBefore: now + 1 });
    await assert.rejects(verifier.verify(phone.token), rejectsWith(1506));
  });

  test('keeps the others at the news of one', async () => {
    const { verifier, store, issue, hear } = open();
    const { token } = issue();
    await verifier.verify(token);
    hear(endedChange('another'));
    await verifier.verify(token);
    assert.equal(store.finds, 1);
  });

  test('T4 keeps no answer that the news has overtaken', async () => {
    const { verifier, store, issue, hear } = open();
    const { token, jti } = issue();
    const { promise, resolve } = Promise.withResolvers<void>();
    store.way = promise;
    const overtaken = verifier.verify(token);
    store.end(jti);
    hear(endedChange(jti));
    resolve();
    await overtaken;
    await assert.rejects(verifier.verify(token), rejectsWith(1506));
  });

  test('T4 a token that is spelt in another way is dropped with the rest', async () => {
    const { verifier, store, issue, hear } = open();
    const { token, jti } = issue();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The last of 43 base64url characters carries two unused bits.
    const respelt = token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? '') ^ 1];
    for (const spelling of [token, respelt]) await verifier.verify(spelling);
    store.end(jti);
    hear(endedChange(jti));
    for (const spelling of [token, respelt]) await assert.rejects(verifier.verify(spelling), rejectsWith(1506));
  });

  test('T4 the store is asked every time while news may be missed', async () => {
    const { verifier, store, issue, setHearing } = open();
    const { token, jti } = issue();
    await verifier.verify(token);
    setHearing(false);
    for (let i = 0; i < 3; i++) await verifier.verify(token);
    assert.equal(store.finds, 4);
    store.end(jti);
    await assert.rejects(verifier.verify(token), rejectsWith(1506));
  });

  test('T4 begins anew when it hears again, with what was missed', async () => {
    const { verifier, store, issue, setHearing } = open();
    const [a, b] = [issue(), issue('alice', 5)];
    for (const { token } of [a, b]) await verifier.verify(token);
    setHearing(false);
    store.end(a.jti);
    store.everyones.set(5, now + 1);
    setHearing(true);
    await assert.rejects(verifier.verify(a.token), rejectsWith(1506));
    await assert.rejects(verifier.verify(b.token), rejectsWith(1506));
    const c = issue();
    const before = store.finds;
    for (let i = 0; i < 3; i++) await verifier.verify(c.token);
    assert.equal(store.finds, before + 1, 'and remembers again');
  });

  test('a key that is retired takes its tokens with it at once', async () => {
    const { verifier, keys, issue } = open();
    const { token } = issue();
    await verifier.verify(token);
    keys.replace(['a newer key of the test', key]);
    await verifier.verify(token);
    keys.replace(['a newer key of the test']);
    await assert.rejects(verifier.verify(token), rejectsWith(1505));
  });

  test('defect 13: never remembers an absence', async () => {
    const { verifier, store, issue } = open();
    const { token, jti } = issue();
    const record = store.records.get(jti);
    assert.ok(record !== undefined);
    store.records.delete(jti);
    await assert.rejects(verifier.verify(token), rejectsWith(1507));
    store.records.set(jti, record);
    await verifier.verify(token);
  });

  test('asks every time where there is no room', async () => {
    const { verifier, store, issue } = open({ maxTokens: 0 });
    const { token } = issue();
    for (let i = 0; i < 3; i++) await verifier.verify(token);
    assert.equal(store.finds, 3);
  });
});

describe('cutoffs', () => {
  test('T4 end what was issued before them, at the instant itself not', async () => {
    const { verifier, store, issue, hear } = open();
    const { token } = issue();
    store.cutoffs.set(1, now);
    await verifier.verify(token);
    store.cutoffs.set(5, now + 1);
    hear({ kind: 'cutoff', userID: 'alice', platformID: 5, notBefore: now + 1 });
    await verifier.verify(token);
    store.cutoffs.set(1, now + 1);
    hear({ kind: 'cutoff', userID: 'alice', platformID: 1, notBefore: now + 1 });
    await assert.rejects(verifier.verify(token), rejectsWith(1506));
  });

  test('go by what the store has of the issue, which is exact, not by the token, which is not', async () => {
    const { verifier, store, issue } = open();
    now += 900;
    const { token } = issue();
    store.everyones.set(0, now);
    await verifier.verify(token);
  });
});

describe('a store that fails', () => {
  test('T5 is 500 with the reason kept inside, and is not remembered (defect 14)', async () => {
    const { verifier, store, issue, heard } = open();
    const { token } = issue();
    const verified = heard('tokenVerified');
    store.isDown = true;
    await assert.rejects(verifier.verify(token), (error: Error) => {
      rejectsWith(500, /^token store unavailable$/)(error);
      assert.match(String(error.cause), /connection lost/);
      return true;
    });
    store.isDown = false;
    await verifier.verify(token);
    assert.deepEqual(
      verified.map(({ code }) => code),
      [500, 0],
    );
  });

  test("T5 is 500 where only everyone's cutoffs cannot be read", async () => {
    const { verifier, store, issue } = open();
    const { token } = issue();
    Object.assign(store.asStore, { everyonesCutoffs: () => Promise.reject(new Error('connection lost')) });
    await assert.rejects(verifier.verify(token), rejectsWith(500));
  });

  test('T5 what the token says of itself comes first', async () => {
    const { verifier, store, issue } = open();
    const { token } = issue('alice', 1, 1000);
    store.isDown = true;
    await assert.rejects(verifier.verify(`${token.slice(0, -4)}AAAA`), rejectsWith(1505));
    now += 1000;
    await assert.rejects(verifier.verify(token), rejectsWith(1501));
  });

  test('T1 a token that ends on the way has expired', async () => {
    const { verifier, store, issue } = open({ acceptSignedMs: hourMs });
    const { token } = issue('alice', 1, 1000);
    store.isDown = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    store.way = promise;
    const verification = verifier.verify(token);
    now += 1000;
    resolve();
    await assert.rejects(verification, rejectsWith(1501));
  });
});

describe('accepting by signature while the store is down', () => {
  test('is for a limited time, and told of', async () => {
    const { verifier, store, issue, heard } = open({ acceptSignedMs: 5000 });
    const { token, jti } = issue();
    const [downs, ups] = [heard('storeDown'), heard('storeUp')];
    store.isDown = true;
    const { issuedAt, expiresAt } = store.records.get(jti) ?? assert.fail();
    // Issued to the second, as far as the token itself says.
    const { kid: _, ...session } = await verifier.verify(token);
    const endsAt = now + 5000;
    const facts = { userID: 'alice', platformID: 1, jti, isAdmin: false, issuedAt, loginAt: issuedAt, expiresAt };
    assert.deepEqual(session, { ...facts, endsAt, isSuperseded: false }, 'the session ends with the grace');
    now += 4999;
    await verifier.verify(token);
    now += 1;
    await assert.rejects(verifier.verify(token), rejectsWith(500));
    await assert.rejects(verifier.verify(token), rejectsWith(500));
    assert.deepEqual(
      downs.map(({ accepting }) => accepting),
      [true, false],
    );
    store.isDown = false;
    await verifier.verify(token);
    assert.deepEqual(ups, [], 'one answer is not the end of it');
    now += 30_000 + cacheTtlMs;
    await verifier.verify(token);
    assert.deepEqual(ups, [{ acceptedMeanwhile: 2 }]);
  });

  test('T4 does not begin anew with each answer of a store that is away in part', async () => {
    const { verifier, store, issue, heard } = open({ acceptSignedMs: 5000, maxTokens: 0 });
    const [reachable, unreachable] = [issue('alice'), issue('bob')];
    const downs = heard('storeDown');
    for (let second = 0; second < 20; second++) {
      store.isDown = true;
      const verification = verifier.verify(unreachable.token);
      if (second < 5) await verification;
      else await assert.rejects(verification, rejectsWith(500));
      store.isDown = false;
      await verifier.verify(reachable.token);
      now += 1000;
    }
    assert.deepEqual(
      downs.map(({ accepting }) => accepting),
      [true, false],
    );
  });

  test("T5 a record that cannot be read is no outage, and OpenIM's tokens are honoured only where they are", async () => {
    const { verifier, store, issue, events } = open({ acceptSignedMs: 60_000 });
    events.on('storeDown', () => assert.fail('no outage'));
    const { token } = issue();
    store.fault = new StoreFault('unreadable');
    await assert.rejects(verifier.verify(token), rejectsWith(500));
  });

  test('T4 ends when the store is back: what was ended is refused again', async () => {
    const { verifier, store, issue } = open({ acceptSignedMs: 5000 });
    const { token, jti } = issue();
    store.end(jti);
    store.isDown = true;
    await verifier.verify(token);
    await verifier.verify(token);
    store.isDown = false;
    await assert.rejects(verifier.verify(token), rejectsWith(1506));
  });

  test('a token signed with a secret that can be guessed is 500, and 0 only where the store answers and knows it', async () => {
    const { verifier, store, issue, codec } = open({ acceptSignedMs: 5000, needingStore: [key] });
    const { token } = issue();
    assert.equal((await verifier.verify(token)).userID, 'alice');
    const request = { userID: 'imAdmin', platformID: 10, jti: newTokenID(randomBytes), now, ttlMs: hourMs } as const;
    const forged = codec.sign(request).token;
    await assert.rejects(verifier.verify(forged), rejectsWith(1507));
    store.isDown = true;
    await assert.rejects(verifier.verify(forged), rejectsWith(500));
    await assert.rejects(verifier.verify(issue('bob').token), rejectsWith(500));
  });

  test("T4 does not accept what everyone's cutoffs are known to have ended: 500", async () => {
    const { verifier, store, issue, hear } = open({ acceptSignedMs: 5000 });
    const old = issue();
    now += 60_000;
    const later = issue();
    await verifier.verify(later.token);
    hear({ kind: 'cutoff', userID: '', platformID: 0, notBefore: now });
    store.isDown = true;
    await assert.rejects(verifier.verify(old.token), rejectsWith(500));
    await verifier.verify(later.token);
  });

  test('knows who is an admin, and a forged or expired token', async () => {
    const { verifier, store, issue } = open({ acceptSignedMs: 60_000 });
    const { token } = issue('imAdmin', 10, 1000);
    store.isDown = true;
    assert.equal((await verifier.verify(token)).isAdmin, true);
    await assert.rejects(verifier.verify(`${token.slice(0, -4)}AAAA`), rejectsWith(1505));
    now += 1000;
    await assert.rejects(verifier.verify(token), rejectsWith(1501));
  });

  test('T5 a fact about the token that was learnt is no outage', async () => {
    const legacy = { check: async () => Promise.reject(errors.tokenUnknown('token state')) } as unknown as LegacyTokens;
    const { verifier, issue, heard } = open({ acceptSignedMs: 60_000, legacy });
    const downs = heard('storeDown');
    await assert.rejects(verifier.verify(issue().token), rejectsWith(1505));
    assert.deepEqual(downs, []);
  });
});

describe('premature loss', () => {
  test('is told of once, with its cause, and refused as unknown', async () => {
    const { verifier, store, issue, heard } = open();
    const { token, jti } = issue();
    const lost = heard('tokenLost');
    store.records.delete(jti);
    for (let i = 0; i < 3; i++) await assert.rejects(verifier.verify(token), rejectsWith(1507));
    await turn();
    const expected = { userID: 'alice', platformID: 1, jti, issuedAt: now, expiresAt: now + hourMs, cause: 'eviction' };
    assert.deepEqual(lost, [expected]);
    assert.deepEqual(store.explained, ['alice']);
  });

  test('is only of our own tokens, and none of the other refusals', async () => {
    const { verifier, store, issue, heard } = open();
    const lost = heard('tokenLost');
    const [kicked, graceless, expiring] = [issue(), issue(), issue('alice', 1, 1000)];
    store.end(kicked.jti);
    store.end(graceless.jti, 'superseded', now);
    await assert.rejects(verifier.verify(kicked.token), rejectsWith(1506));
    await assert.rejects(verifier.verify(graceless.token), rejectsWith(1507));

    const seconds = Math.floor(now / 1000);
    const claims = { UserID: 'alice', PlatformID: 1, iat: seconds - 5, exp: seconds + 3600 };
    const openims = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(Buffer.from(key));
    await assert.rejects(verifier.verify(openims), rejectsWith(1507));

    const { promise, resolve } = Promise.withResolvers<void>();
    store.way = promise;
    store.records.delete(expiring.jti);
    const verification = verifier.verify(expiring.token);
    now += 1000;
    resolve();
    await assert.rejects(verification, rejectsWith(1501));
    await turn();
    assert.deepEqual(lost, []);
  });
});

describe('a refusal', () => {
  test('is told of with whose token it was, never the token (T6)', async () => {
    const { verifier, store, issue, heard } = open();
    const { token, jti } = issue();
    const refused = heard('tokenRefused');
    store.end(jti);
    await assert.rejects(verifier.verify(token), rejectsWith(1506));
    const by = { userID: 'alice', operationID: '' };
    assert.deepEqual(refused, [{ what: 'use', code: 1506, userID: 'alice', platformID: 1, jti, by }]);
    await assert.rejects(verifier.verify('nonsense'), rejectsWith(1503));
    assert.equal(refused.length, 1, 'of what was never a token there is nothing to tell');
  });
});

describe('looking again at a session', () => {
  const look = async (change: (store: PlayedStore, jti: string) => void, ttlMs = hourMs) => {
    const { verifier, store, issue } = open();
    const { token, jti } = issue('alice', 1, ttlMs);
    const session = await verifier.verify(token);
    change(store, jti);
    return { session, endsAt: await verifier.lookAgain(session) };
  };

  test('T4 one whose token has been ended or cut off is over', async () => {
    assert.equal((await look((store, jti) => store.end(jti))).endsAt, undefined);
    assert.equal((await look((store, jti) => store.end(jti, 'revoked'))).endsAt, undefined);
    assert.equal((await look((store) => store.cutoffs.set(1, now + 1))).endsAt, undefined);
    assert.equal((await look((store) => store.cutoffs.set(5, now + 1))).endsAt, now + hourMs);
  });

  test('T7 one whose token has been superseded ends with its grace', async () => {
    const { endsAt } = await look((store, jti) => store.end(jti, 'superseded', now + 60_000));
    assert.equal(endsAt, now + 60_000);
    const short = await look((store, jti) => store.end(jti, 'superseded', now + 60_000), 2000);
    assert.equal(short.endsAt, now + 2000, 'but not beyond its own end');
  });

  test('T1 one whose token is live, or lost, goes on to its end', async () => {
    const live = await look(() => {});
    assert.equal(live.endsAt, live.session.endsAt);
    const lost = await look((store, jti) => store.records.delete(jti));
    assert.equal(lost.endsAt, lost.session.endsAt);
  });

  test('T5 a store that fails says nothing', async () => {
    await assert.rejects(
      look((store) => {
        store.isDown = true;
      }),
      /connection lost/,
    );
  });
});

test('T4 a cached answer serves only while the feed is fresh at its use, though nobody has noticed a loss yet', async () => {
  const { store, verifier, issue, heard } = open();
  let isFresh = true;
  verifier.relyOn({ isFresh: () => isFresh });
  const verified = heard('tokenVerified');
  const { token, jti } = issue();
  await verifier.verify(token);
  await verifier.verify(token);
  assert.deepEqual([store.finds, verified.at(-1)?.wasCached], [1, true]);
  // Ended on another node, while this one stood still: its request is taken up before the news.
  store.end(jti, 'revoked');
  isFresh = false;
  await assert.rejects(verifier.verify(token), rejectsWith(1506));
});
