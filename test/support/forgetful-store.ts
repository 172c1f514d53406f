/** A durable token store over one that forgets, played by SQLite databases of which one takes the place of the other. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { SqlTokenEndStore } from '../../src/store/sql-token-end-store.ts';
import { DurableTokenStore } from '../../src/tokens/durable-token-store.ts';
import { loginPolicy } from '../../src/tokens/policy.ts';
import type { TokenEnd } from '../../src/tokens/token-end-store.ts';
import type { LossCause, TokenChange, TokenRecord, TokenStore } from '../../src/tokens/token-store.ts';
import type { KnownToStore, MemoryLook, StoreMemory } from '../../src/tokens/token-store-memory.ts';
import { HeardLogins } from './heard-logins.ts';
import { hourMs, openSqliteTokens, TestAuthority } from './token-authority.ts';

/** The store knows everything, until `comeBackAs`. */
export async function openForgetfulStore(t: TestContext) {
  const time = { now: Date.UTC(2030, 0, 1) };
  const clock = () => time.now;
  const opened = await Promise.all([1, 2, 3].map(() => openSqliteTokens(clock)));
  t.after(async () => {
    for (const tokens of opened) await tokens[Symbol.asyncDispose]();
  });
  const [first, second, disk] = opened as [(typeof opened)[0], (typeof opened)[0], (typeof opened)[0]];
  const follower = new HeardLogins();
  const diskEnds = new SqlTokenEndStore(disk.db, follower);
  const state = {
    current: first.store as TokenStore,
    isDiskDown: false,
    restored: [] as TokenEnd[][],
    walks: 0,
    known: [] as KnownToStore[],
    looks: 0,
    beforeLookIsOver: async () => {},
    onExplanation: () => {},
    cause: 'unknown' as LossCause,
    /** What it says once it has been told everything. */
    causeOnceTold: undefined as LossCause | undefined,
    announced: [] as TokenChange[],
    takenBack: [] as string[],
    /** Happens when a token that is taken in has been looked up on disk. */
    beforeAdoption: async () => {},
  };
  const look: { -readonly [Name in keyof MemoryLook]: MemoryLook[Name] } = {
    identity: 'first',
    knowsAll: true,
    isUntold: false,
    mayEvict: false,
    mayLose: true,
  };
  const memory: StoreMemory = {
    look: async () => {
      state.looks += 1;
      const seen = { ...look };
      await state.beforeLookIsOver();
      return seen;
    },
    confirm: async ({ identity }) => {
      assert.equal(identity, look.identity);
      look.knowsAll = true;
      state.cause = state.causeOnceTold ?? state.cause;
    },
    restore: async (userID, ends) => {
      state.restored.push([...ends]);
      for (const end of ends) {
        await state.current.adopt({ ...end, deviceName: '', lastSeenAt: 0 });
        if (end.state === 'superseded') continue;
        await state.current.kick(userID, { jtis: [end.jti] }, 'revoked', 'revoked');
      }
      return ends.length;
    },
    knownEnds: async function* () {
      state.walks += 1;
      yield* state.known;
    },
  };
  const changes: Partial<TokenStore> = {
    explainLoss: async () => {
      state.onExplanation();
      return state.cause;
    },
    announce: async (change) => {
      state.announced.push(change);
    },
    adopt: async (record) => {
      await state.beforeAdoption();
      return state.current.adopt(record);
    },
  };
  const told: unknown[] = [];
  const store = new DurableTokenStore({
    store: new Proxy({} as TokenStore, {
      get: (_, name: keyof TokenStore) => changes[name] ?? (state.current[name] as () => unknown).bind(state.current),
    }),
    maxUnknownEnds: 2,
    memory,
    ends: new Proxy(diskEnds, {
      get: (ends, name: keyof SqlTokenEndStore) =>
        state.isDiskDown
          ? async () => Promise.reject(new Error('disk is away'))
          : (ends[name] as () => unknown).bind(ends),
    }),
    longestLifeMs: 365 * 24 * hourMs,
    loginPolicy: loginPolicy('one-per-platform', 0),
    clock,
    observer: {
      onSettings: (settings) => told.push(settings),
      onDoubt: (isInDoubt) => told.push(isInDoubt ? 'doubt' : 'trust'),
      onOwed: (ends) => told.push(`${ends} owed`),
      onRestored: (tokens) => told.push(tokens),
      onTakenBack: ({ userID }) => state.takenBack.push(userID),
    },
  });
  const authority = new TestAuthority(store, {
    clock,
    cache: { maxTokens: 0, ttlMs: 0 },
    loginPolicy: loginPolicy('one-per-platform', 0),
  });
  /** Another server in the place of the one there was: it knows these tokens as they were, and nothing of their ends. */
  const comeBackAs = async (identity: string, records: readonly TokenRecord[]) => {
    state.current = second.store;
    for (const record of records) await second.store.adopt(record);
    Object.assign(look, { identity, knowsAll: false });
  };
  return { time, store, authority, first, second, diskEnds, follower, state, look, told, comeBackAs };
}

/** The user's newest. */
export async function recordOf(store: TokenStore, userID: string): Promise<TokenRecord> {
  const [record] = (await store.list(userID)).tokens;
  assert.ok(record);
  return record;
}
