/** Subscriptions to channels, each on a connection of its own that is opened again after a loss, and says so. */
import type { RedisListener, RedisSubscription } from './client.ts';
import type { Connection, ConnectionLife } from './connection.ts';
import { Link } from './link.ts';

export class Subscriptions implements AsyncDisposable {
  readonly #open: (life: ConnectionLife) => Promise<Connection>;
  readonly #onFailure: (error: unknown) => void;
  readonly #links = new Set<Link>();

  /** @param open one attempt to connect to a server that hears of everything that is published */
  constructor(open: (life: ConnectionLife) => Promise<Connection>, onFailure: (error: unknown) => void) {
    this.#open = open;
    this.#onFailure = onFailure;
  }

  /** See {@link RedisClient.subscribe}. */
  async add(channels: readonly string[], listener: RedisListener): Promise<RedisSubscription> {
    let hasBegun = false;
    const link = new Link({
      name: 'Redis for subscriptions',
      open: async (life) => {
        const connection = await this.#open(life);
        try {
          await connection.subscribe(channels, (channel, message) => listener.onMessage(channel, message));
          return connection;
        } catch (error) {
          connection.destroy();
          throw error;
        }
      },
      onUp: () => {
        if (hasBegun) listener.onRestored();
        else this.#links.add(link);
        hasBegun = true;
      },
      onDown: (error) => {
        this.#onFailure(error);
        listener.onLost();
      },
      onFailure: this.#onFailure,
    });
    await link.connect();
    return {
      renew: () => link.startOver(new Error('the subscription was to be renewed')),
      [Symbol.asyncDispose]: async () => {
        this.#links.delete(link);
        await link[Symbol.asyncDispose]();
      },
    };
  }

  /** The servers that hear everything are now these: subscriptions elsewhere move to one of them. */
  moveTo(isRight: (address: string) => boolean): void {
    for (const link of this.#links) {
      if (!link.isUp || !isRight(link.connection.address)) link.startOver(new Error('another server is the master'));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#links, (link) => link[Symbol.asyncDispose]()));
  }
}
