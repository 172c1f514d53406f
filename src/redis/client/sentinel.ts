/**
 * Redis under Sentinel: asks the Sentinels for the master before each attempt to connect, and hears from one of them at
 * once when there is another. The client library's own Sentinel support is not used: while the master is away it keeps
 * commands back, and sends them to the next one when their callers have long been told that they failed.
 */
import { openConnection } from './connection.ts';
import { type ConnectionDefaults, type Deployment, type DeploymentOptions, firstAnswer } from './deployment.ts';
import { Link } from './link.ts';
import { OneMaster } from './one-master.ts';
import type { RedisAddress, RedisTarget } from './redis-url.ts';

type SentinelTarget = Extract<RedisTarget, { kind: 'sentinel' }>;

/** Rejects if no Sentinel knows the master, or the master cannot be reached now. */
export async function connectThroughSentinel(target: SentinelTarget, options: DeploymentOptions): Promise<Deployment> {
  const { masterName, usesTls, credentials, database } = target;
  const sentinels = new Sentinels(target, options);
  const master = new OneMaster({
    ...options,
    name: `the master ${masterName}`,
    defaults: { usesTls, credentials, database, commandTimeoutMs: options.commandTimeoutMs },
    locate: (signal) => sentinels.locateMaster(signal),
    checksRole: true,
  });
  await master.connect();
  const watch = sentinels.watch((address) => master.moveTo(address), options.onConnectionFailure);
  return {
    subscriptions: master.subscriptions,
    send: (key, args) => master.send(key, args),
    sendScript: (key, args) => master.sendScript(key, args),
    mget: (keys) => master.mget(keys),
    masters: () => master.masters(),
    ping: () => master.ping(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([watch[Symbol.asyncDispose](), master[Symbol.asyncDispose]()]);
    },
  };
}

class Sentinels {
  readonly #addresses: readonly RedisAddress[];
  readonly #masterName: string;
  readonly #defaults: ConnectionDefaults;
  #turn = 0;

  constructor(target: SentinelTarget, { commandTimeoutMs }: DeploymentOptions) {
    this.#addresses = target.sentinels;
    this.#masterName = target.masterName;
    this.#defaults = {
      usesTls: target.usesTls,
      credentials: target.sentinelCredentials,
      database: 0,
      commandTimeoutMs,
    };
  }

  /** Asks all of them side by side; the first that knows the master wins. */
  async locateMaster(signal: AbortSignal): Promise<RedisAddress> {
    const answered = new AbortController();
    const life = AbortSignal.any([signal, answered.signal]);
    try {
      const answers = this.#addresses.map((sentinel) => this.#ask(sentinel, life));
      return await firstAnswer(answers, 'no Sentinel knows where the master is');
    } finally {
      answered.abort();
    }
  }

  /** @param onMaster hears where the master is: whenever that changes, and whenever a change may have been missed */
  watch(onMaster: (address: RedisAddress) => void, onFailure: (error: unknown) => void): Link {
    const link = new Link({
      name: 'Sentinel',
      open: async (life) => {
        const address = this.#addresses[this.#turn++ % this.#addresses.length] as RedisAddress;
        const connection = await openConnection({ ...this.#defaults, address }, life);
        try {
          await connection.subscribe(['+switch-master'], (_channel, message) => {
            const [name, , , host = '', port] = message.toString().split(' ');
            if (name === this.#masterName) onMaster({ host, port: Number(port) });
          });
          onMaster(await this.locateMaster(life.signal));
          return connection;
        } catch (error) {
          connection.destroy();
          throw error;
        }
      },
      onDown: onFailure,
      onFailure,
    });
    link.keepConnecting();
    return link;
  }

  async #ask(sentinel: RedisAddress, signal: AbortSignal): Promise<RedisAddress> {
    const connection = await openConnection({ ...this.#defaults, address: sentinel }, { signal, onLost: () => {} });
    try {
      const reply = await connection.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#masterName]);
      if (!Array.isArray(reply)) throw new Error(`the Sentinel at ${connection.address} knows no such master`);
      const [host, port] = reply.map(String);
      return { host: host ?? '', port: Number(port) };
    } finally {
      connection.destroy();
    }
  }
}
