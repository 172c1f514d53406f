/** Nodes on one Redis, and a plain client beside them to look at the data and to break it. */
import type { TestContext } from 'node:test';
import { createClient } from '@redis/client';
import { connectRedis, type RedisClientOptions } from '../../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../../src/redis/tokens/redis-token-store.ts';
import type { TokenAuthorityOptions } from '../../../src/tokens/authority.ts';
import type { TokenChange, TokenStore } from '../../../src/tokens/token-store.ts';
import { changedStore, TestAuthority } from '../../support/token-authority.ts';
import { within } from '../../support/within.ts';

/** A store on a connection of its own. */
export async function openStore(t: TestContext, url: string, options: Partial<RedisClientOptions> = {}) {
  const redis = await connectRedis(url, { onConnectionFailure: () => {}, ...options });
  t.after(() => redis[Symbol.asyncDispose]());
  return { redis, store: new RedisTokenStore(redis, Date.now) };
}

export async function openProbe(t: TestContext, url: string) {
  const probe = createClient({ url });
  probe.on('error', () => {});
  await probe.connect();
  t.after(() => probe.destroy());
  return probe;
}

/** What a store says of changes, one after the other, for tests that wait for something. */
export class ChangeLog {
  readonly #heard: (TokenChange | 'lost' | 'restored')[] = [];
  #next = Promise.withResolvers<void>();

  static async of(t: TestContext, store: TokenStore): Promise<ChangeLog> {
    const log = new ChangeLog();
    const watch = await store.watch({
      onChange: (change) => log.#add(change),
      onLost: () => log.#add('lost'),
      onRestored: () => log.#add('restored'),
    });
    t.after(() => watch[Symbol.asyncDispose]());
    return log;
  }

  /** What has been heard up to and with the first that fits, which it waits for; it is not heard again. */
  async until(
    fits: (heard: TokenChange | 'lost' | 'restored') => boolean,
  ): Promise<(TokenChange | 'lost' | 'restored')[]> {
    for (;;) {
      const end = this.#heard.findIndex(fits);
      if (end >= 0) return this.#heard.splice(0, end + 1);
      await within('a change of tokens', this.#next.promise);
    }
  }

  #add(heard: TokenChange | 'lost' | 'restored'): void {
    this.#heard.push(heard);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}

export interface Node {
  readonly authority: TestAuthority;
  readonly store: RedisTokenStore;
  /** Resolve when the node next ceases or begins again to hear of the others. */
  untilLost(): Promise<void>;
  untilRestored(): Promise<void>;
}

/** A token authority as a node runs it, that hears of the others. */
export async function openNode(
  t: TestContext,
  url: string,
  changes: Partial<TokenAuthorityOptions> = {},
): Promise<Node> {
  const { store } = await openStore(t, url);
  let [lost, restored] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const watch: TokenStore['watch'] = (listener) =>
    store.watch({
      onChange: (change) => listener.onChange(change),
      onLost: () => {
        listener.onLost();
        lost.resolve();
        lost = Promise.withResolvers();
      },
      onRestored: () => {
        listener.onRestored();
        restored.resolve();
        restored = Promise.withResolvers();
      },
    });
  const authority = new TestAuthority(changedStore(store, { watch }), changes);
  const watching = await authority.watch();
  t.after(() => watching[Symbol.asyncDispose]());
  return {
    authority,
    store,
    untilLost: () => within('a node to cease hearing', lost.promise),
    untilRestored: () => within('a node to hear again', restored.promise),
  };
}
