/**
 * Redis Cluster: one connection to each master, and a table of which master holds which slot, kept up to date by what
 * the servers answer. The client library's own Cluster support is not used: it does not notice that a master which
 * hangs has been replaced, and goes on asking it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisNode } from './client.ts';
import { type ClusterSlots, parseClusterSlots, parseRedirection, slotOf } from './cluster-slots.ts';
import { type CommandArguments, type Connection, type ConnectionLife, openConnection } from './connection.ts';
import {
  type ConnectionDefaults,
  type Deployment,
  type DeploymentOptions,
  firstAnswer,
  isFromReplica,
  redisNode,
} from './deployment.ts';
import { Link } from './link.ts';
import { formatAddress, type RedisAddress, type RedisTarget } from './redis-url.ts';
import { Subscriptions } from './subscriptions.ts';

type ClusterTarget = Extract<RedisTarget, { kind: 'cluster' }>;

const MOST_REDIRECTIONS = 5;
/** Before a command whose slot is on its way is tried again; twice as long each time, half a second in all. */
const WAIT_PAUSE_MS = 20;
const REFRESH_PAUSE_MS = 100;

/** What to do about a slot that is on its way. */
interface Reactions {
  /** The key is not here any more, if it ever was: it may be, or come to be, over there. */
  readonly ASK: 'follow' | 'wait';
  /** Some of the keys are here and others are not. */
  readonly TRYAGAIN: 'wait' | 'fail';
}

/** Rejects if no server knows the Cluster, or none of its masters can be reached now. */
export async function connectCluster(target: ClusterTarget, options: DeploymentOptions): Promise<Deployment> {
  const cluster = new RedisCluster(target, options);
  try {
    await cluster.connect();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

class RedisCluster implements Deployment {
  readonly subscriptions: Subscriptions;
  readonly #seeds: readonly RedisAddress[];
  readonly #defaults: ConnectionDefaults;
  readonly #options: DeploymentOptions;
  #slots: ClusterSlots = { owners: [], masters: new Map() };
  readonly #links = new Map<string, Link>();
  /** First attempts that are under way. */
  readonly #joining = new Map<string, Promise<void>>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #isStale = false;
  #refreshing: Promise<void> | undefined;
  #turn = 0;

  constructor({ seeds, usesTls, credentials }: ClusterTarget, options: DeploymentOptions) {
    this.#seeds = seeds;
    this.#defaults = { usesTls, credentials, database: 0, commandTimeoutMs: options.commandTimeoutMs };
    this.#options = options;
    this.subscriptions = new Subscriptions((life) => this.#openSubscriber(life), options.onConnectionFailure);
  }

  async connect(): Promise<void> {
    await this.#refresh();
    const attempts = await Promise.allSettled(this.#joining.values());
    const failures = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason] : []));
    if (failures.length === attempts.length) {
      throw new Error('no master of the Cluster can be reached', { cause: new AggregateError(failures) });
    }
  }

  send(key: string | undefined, args: CommandArguments): Promise<unknown> {
    return this.#send(key, args, { ASK: 'follow', TRYAGAIN: 'wait' });
  }

  /** Waits for a slot that is on its way: where it goes, a script would take keys yet to arrive for keys that are not. */
  sendScript(key: string | undefined, args: readonly string[]): Promise<unknown> {
    return this.#send(key, args, { ASK: 'wait', TRYAGAIN: 'wait' });
  }

  async mget(keys: readonly string[]): Promise<readonly (string | null)[]> {
    try {
      const reply = await this.#send(keys[0], ['MGET', ...keys], { ASK: 'follow', TRYAGAIN: 'fail' });
      return reply as (string | null)[];
    } catch (error) {
      if (parseRedirection(error, '')?.kind !== 'TRYAGAIN') throw error;
      return Promise.all(keys.map(async (key) => (await this.send(key, ['GET', key])) as string | null));
    }
  }

  async masters(): Promise<readonly RedisNode[]> {
    await this.#refresh();
    return this.#nodes();
  }

  async ping(): Promise<void> {
    await Promise.all(this.#nodes().map((node) => node.command(['PING'])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#refreshing;
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all([
      this.subscriptions[Symbol.asyncDispose](),
      ...links.map((link) => link[Symbol.asyncDispose]()),
      ...this.#leaving,
    ]);
  }

  async #send(key: string | undefined, args: CommandArguments, reactions: Reactions): Promise<unknown> {
    let connection = await this.#connectionFor(key);
    let isAsking = false;
    for (let redirections = 0; ; redirections++) {
      try {
        return await (isAsking ? connection.sendAsking(args) : connection.send(args));
      } catch (error) {
        const redirection = parseRedirection(error, hostOf(connection));
        if (redirection === undefined || redirections === MOST_REDIRECTIONS) throw this.#learnFrom(error, connection);
        const { kind, to } = redirection;
        if (kind === 'TRYAGAIN' && reactions.TRYAGAIN === 'fail') throw error;
        if (kind === 'MOVED') this.#refreshSoon();
        isAsking = kind === 'ASK' && reactions.ASK === 'follow';
        if (to !== undefined && (kind === 'MOVED' || isAsking)) {
          connection = await this.#connectionTo(to);
        } else {
          await delay(WAIT_PAUSE_MS * 2 ** redirections);
          connection = await this.#connectionFor(key);
        }
      }
    }
  }

  #nodes(): readonly RedisNode[] {
    return Array.from(this.#slots.masters.keys(), (name) =>
      redisNode(name, async (args) => (await this.#connectionBy(name)).send(args)),
    );
  }

  async #connectionFor(key: string | undefined): Promise<Connection> {
    if (key === undefined) return this.#anyConnection();
    const slot = slotOf(key);
    const owner = this.#slots.owners[slot];
    if (owner !== undefined) return this.#connectionBy(owner);
    this.#refreshSoon();
    throw new Error(`no master of the Cluster is known to hold slot ${slot}`);
  }

  /** Waits for the first attempt to connect to a master, but not for another after a loss. */
  async #connectionBy(name: string): Promise<Connection> {
    await this.#joining.get(name);
    const link = this.#links.get(name);
    if (link === undefined) throw new Error(`${name} is no master of the Cluster any more`);
    return link.connection;
  }

  #anyConnection(): Connection {
    const up = [...this.#links.values()].find((link) => link.isUp);
    if (up === undefined) throw new Error('no connection to any master of the Cluster');
    return up.connection;
  }

  #connectionTo(address: RedisAddress): Promise<Connection> {
    this.#join(address);
    return this.#connectionBy(formatAddress(address));
  }

  #join(address: RedisAddress): void {
    const name = formatAddress(address);
    // What is sent elsewhere while it closes opens nothing more, which nobody would close.
    if (this.#links.has(name) || this.#closing.signal.aborted) return;
    const link = this.#newLink(address);
    this.#links.set(name, link);
    const joining = link.connect();
    this.#joining.set(name, joining);
    joining
      .catch((error: unknown) => {
        this.#noticeFailure(error);
        link.keepConnecting();
      })
      .finally(() => this.#joining.delete(name));
  }

  #newLink(address: RedisAddress): Link {
    let hasBeenUp = false;
    return new Link({
      name: `Redis at ${formatAddress(address)}`,
      open: (life) => openConnection({ ...this.#defaults, address }, life),
      onUp: () => {
        if (hasBeenUp) this.#options.onReconnect();
        hasBeenUp = true;
      },
      onDown: (error) => this.#noticeFailure(error),
      onFailure: (error) => this.#noticeFailure(error),
    });
  }

  /** A master that is away may have been replaced. */
  #noticeFailure(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#options.onConnectionFailure(error);
    this.#refreshSoon();
  }

  /** @returns the error as it is */
  #learnFrom(error: unknown, connection: Connection): unknown {
    if (isFromReplica(error)) this.#links.get(connection.address)?.doubt(connection, error);
    if (isFromReplica(error) || isClusterDown(error)) this.#refreshSoon();
    return error;
  }

  #refreshSoon(): void {
    this.#isStale = true;
    this.#refreshing ??= this.#refreshWhileStale();
  }

  async #refreshWhileStale(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#isStale && !signal.aborted) {
      this.#isStale = false;
      await this.#refresh().catch(this.#options.onConnectionFailure);
      await delay(REFRESH_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
    this.#refreshing = undefined;
  }

  async #refresh(): Promise<void> {
    const slots = await this.#askForSlots();
    if (this.#closing.signal.aborted) return;
    this.#slots = slots;
    for (const address of slots.masters.values()) this.#join(address);
    const former = [...this.#links].filter(([name]) => !slots.masters.has(name));
    for (const [name, link] of former) this.#leave(name, link);
    if (former.length > 0) this.subscriptions.moveTo((address) => slots.masters.has(address));
  }

  #leave(name: string, link: Link): void {
    this.#links.delete(name);
    const leaving = link[Symbol.asyncDispose]().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /** By those who are connected, or else by anybody. */
  async #askForSlots(): Promise<ClusterSlots> {
    const up = [...this.#links.values()].filter((link) => link.isUp).map((link) => link.connection);
    return Promise.any(up.map(slotsBy)).catch(() => this.#askStrangersForSlots());
  }

  async #askStrangersForSlots(): Promise<ClusterSlots> {
    const known = new Map([...this.#seeds, ...this.#slots.masters.values()].map((one) => [formatAddress(one), one]));
    const answered = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, answered.signal]);
    try {
      const answers = Array.from(known.values(), (address) => this.#slotsByStranger(address, signal));
      return await firstAnswer(answers, 'no server knows the Cluster');
    } finally {
      answered.abort();
    }
  }

  async #slotsByStranger(address: RedisAddress, signal: AbortSignal): Promise<ClusterSlots> {
    const connection = await openConnection({ ...this.#defaults, address }, { signal, onLost: () => {} });
    try {
      return await slotsBy(connection);
    } finally {
      connection.destroy();
    }
  }

  /** Whatever is published anywhere is heard on every server. Another one each time, the connected ones first. */
  async #openSubscriber(life: ConnectionLife): Promise<Connection> {
    const masters = [...this.#slots.masters.values()];
    const up = masters.filter((master) => this.#links.get(formatAddress(master))?.isUp);
    const choice = up.length > 0 ? up : masters;
    const address = choice[this.#turn++ % choice.length];
    if (address === undefined) throw new Error('no master of the Cluster is known');
    return openConnection({ ...this.#defaults, address }, life);
  }
}

function isClusterDown(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('CLUSTERDOWN ');
}

async function slotsBy(connection: Connection): Promise<ClusterSlots> {
  return parseClusterSlots(await connection.send(['CLUSTER', 'SLOTS']), hostOf(connection));
}

function hostOf({ address }: Connection): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
