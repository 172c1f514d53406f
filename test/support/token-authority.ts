/** A token authority with everything around it under the test's control: its store, its clock, its users. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../src/database/sqlite-database.ts';
import type { CallContext } from '../../src/kernel/caller.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { SqlPushTokenStore } from '../../src/store/sql-push-token-store.ts';
import { SqlTokenStore } from '../../src/store/sql-token-store.ts';
import { TokenAuthority, type TokenAuthorityOptions } from '../../src/tokens/authority.ts';
import { type TokenEventMap, TokenEvents } from '../../src/tokens/events.ts';
import { loginPolicy } from '../../src/tokens/policy.ts';
import { SigningKeys } from '../../src/tokens/signing-keys.ts';
import type { TokenStore } from '../../src/tokens/token-store.ts';

export const adminSecret = 'the admin secret of the tests';
export const signingKey = 'the signing key of the tests';
export const hourMs = 3_600_000;
export const asAdmin = callOf('imAdmin', { platformID: 10, isAdmin: true });

/** The call that a user makes with a token. */
export function callOf(userID: string, caller: Partial<CallContext['caller']> = {}): CallContext {
  return { caller: { userID, platformID: 1, jti: '', expiresAt: 9e15, isAdmin: false, ...caller }, operationID: 'op' };
}

/**
 * One node: imAdmin and opsAdmin are admins, everybody is registered, tokens live for a day, and the policy is one
 * session per platform.
 */
export class TestAuthority extends TokenAuthority {
  readonly events: TokenEvents;
  readonly #heard: { readonly name: keyof TokenEventMap; readonly event: unknown }[] = [];

  constructor(store: TokenStore, changes: Partial<TokenAuthorityOptions> = {}) {
    const events = new TokenEvents((error) => assert.fail(String(error)));
    super({
      store,
      signingKeys: new SigningKeys([signingKey]),
      adminSecret,
      adminUserIDs: ['imAdmin', 'opsAdmin'],
      loginPolicy: loginPolicy('one-per-platform', 0),
      lifetimes: lifetimesOf(24 * hourMs),
      cache: { maxTokens: 1000, ttlMs: 10_000 },
      acceptSignedMs: 0,
      honoursLegacy: false,
      clock: Date.now,
      // Where the test turns the clock, time passes; it says so if it does not.
      monotonicMs: changes.clock ?? (() => performance.now()),
      randomBytes,
      users: { findForToken: async () => ({ appManagerLevel: 0 }) },
      events,
      ...changes,
    });
    this.events = changes.events ?? events;
    for (const name of recordedEvents) this.events.on(name, (event) => this.#heard.push({ name, event }));
  }

  /** What was told since the last time, in order. */
  takeHeard<Name extends keyof TokenEventMap>(wanted: Name): TokenEventMap[Name][] {
    const taken = this.#heard.filter(({ name }) => name === wanted).map(({ event }) => event as TokenEventMap[Name]);
    this.#heard.splice(0, this.#heard.length, ...this.#heard.filter(({ name }) => name !== wanted));
    return taken;
  }

  /** The text of a new token. */
  async login(userID: string, platformID = 1, deviceName = ''): Promise<string> {
    return (await this.issueUserToken(asAdmin, { userID, platformID, deviceName })).token;
  }

  async loginAdmin(userID = 'imAdmin'): Promise<string> {
    return (await this.issueAdminToken({ secret: adminSecret, userID })).token;
  }

  /** The code that a token meets, 0 if it is accepted. */
  async verdict(token: string): Promise<number> {
    try {
      await this.verify(token);
      return 0;
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
      return error.code;
    }
  }

  /** Resolves at the next event of this name that fits. */
  heardOf<Name extends keyof TokenEventMap>(
    name: Name,
    fits: (event: TokenEventMap[Name]) => boolean = () => true,
  ): Promise<TokenEventMap[Name]> {
    return new Promise((resolve) => {
      const stop = this.events.on(name, (event) => {
        if (!fits(event)) return;
        stop();
        resolve(event);
      });
    });
  }
}

const recordedEvents: readonly (keyof TokenEventMap)[] = [
  'tokenIssued',
  'tokensEnded',
  'tokensSuperseded',
  'cutoffRaised',
  'tokenVerified',
  'tokenRefused',
  'tokenLost',
  'storeDown',
  'storeUp',
];

/** One lifetime for all, which a request may shorten but not lengthen beyond `maxMs`. */
export function lifetimesOf(
  defaultMs: number,
  maxMs = 365 * 24 * hourMs,
  sessionMs = 2 * maxMs,
): TokenAuthorityOptions['lifetimes'] {
  return { defaultMs, byPlatformMs: new Map(), maxMs, sessionMs };
}

/** For assert.rejects: a protocol error of this code, whose public detail fits. */
export function rejectsWith(code: number, detail = /^/) {
  return (error: unknown): true => {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.detail, detail);
    return true;
  };
}

/** A store whose server is gone. */
export function brokenStore(changes: Partial<TokenStore> = {}): TokenStore {
  const fail = () => Promise.reject(new Error('connection lost'));
  return {
    issue: fail,
    find: fail,
    kick: fail,
    list: fail,
    cutOff: fail,
    announce: fail,
    everyonesCutoffs: fail,
    adopt: fail,
    touch: fail,
    countLive: fail,
    explainLoss: fail,
    hasForgotten: fail,
    watch: fail,
    sweepExpired: fail,
    ping: fail,
    ...changes,
  };
}

/** The same store but for these methods. */
export function changedStore(store: TokenStore, changes: Partial<TokenStore>): TokenStore {
  return new Proxy(store, {
    get: (_target, name) => {
      if (Object.hasOwn(changes, name)) return changes[name as keyof TokenStore];
      const method = store[name as keyof TokenStore] as (...args: unknown[]) => unknown;
      return method.bind(store);
    },
  });
}

/** Tokens in an embedded database, closed and removed by `[Symbol.asyncDispose]`. @param clock Unix ms */
export async function openSqliteTokens(clock: () => number) {
  const fail = (error: unknown) => assert.fail(String(error));
  const directory = await mkdtemp(join(tmpdir(), 'tessera-tokens-'));
  const db = await openSqlite(join(directory, 'data.sqlite'), {
    onEffectFailure: fail,
    onFailing: fail,
    onRecovered: () => {},
  });
  return {
    db,
    store: new SqlTokenStore(db, clock, new SqlPushTokenStore(db)),
    [Symbol.asyncDispose]: async () => {
      await db[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}
