/**
 * Presence of a cluster. Each node tells Redis of its own connections, user by user and always all of them, so that
 * telling again is never wrong; and tells the nodes where somebody watches the user when that has changed something.
 * Fields of nodes whose lease has ended do not count. While Redis is away, and until all nodes have told again what it
 * has forgotten, nobody knows who is online: reads fail, and nobody is told of changes. See docs/adr/0013.
 */
import type { NodeChannel } from '../../bus/node-channel.ts';
import type {
  NeighbourListener,
  OnlineConnection,
  OnlinePlatforms,
  Presence,
  PresenceChange,
} from '../../presence/presence.ts';
import { type RedisClient, redisScript } from '../client/client.ts';
import { readLua } from '../lua-file.ts';
import { nodeOfLease } from '../nodes/node-keys.ts';
import type { Leases } from '../nodes/redis-node-channel.ts';
import {
  areSame,
  formatConnection,
  parseConnections,
  platformsIn,
  type RegisteredConnection,
} from './presence-fields.ts';
import { onlineKey, usersOfLeaseKey, watchersKey } from './presence-keys.ts';
import { WatchedUsers } from './watched-users.ts';

export interface RedisPresenceOptions {
  readonly redis: Pick<RedisClient, 'evalScript' | 'command'>;
  readonly channel: NodeChannel & Leases;
  readonly onFailure: (error: unknown) => void;
  readonly times?: PresenceTimes;
}

export interface PresenceTimes {
  /** How long what is told is kept without being told again. */
  readonly keepMs: number;
  readonly tellAgainMs: number;
  /** After Redis has forgotten: within this all nodes have told again. */
  readonly settleMs: number;
  /** After a failure. */
  readonly retryMs: number;
  /** For how long it is remembered who has left, to tell it to a Redis that may have lost it. */
  readonly recallMs: number;
}

const presenceTimes: PresenceTimes = {
  keepMs: 1_800_000,
  tellAgainMs: 600_000,
  settleMs: 5000,
  retryMs: 1000,
  recallMs: 60_000,
};

/** Commands under way at once, of work that nobody waits for; also of one read. */
const width = 500;

const changeKind = 'online';
const doubtKind = 'doubt';

/** A user with connections here, or of whom it is still to be told that there are none. */
interface LocalUser {
  /** With their registration once that is known; oldest first. */
  readonly connections: Map<OnlineConnection, string>;
  /** While Redis is being told. */
  telling: Promise<void> | undefined;
  /** What is told at the moment is not all. */
  isStale: boolean;
}

export class RedisPresence implements Presence, AsyncDisposable {
  readonly #options: RedisPresenceOptions;
  readonly #times: PresenceTimes;
  readonly #script = redisScript(readLua('presence/scripts/tell.lua'));
  readonly #local = new Map<string, LocalUser>();
  /** Who is to be told of at the end of the turn. */
  #untold = new Set<string>();
  /** Who could not be told of. */
  readonly #failed = new Set<string>();
  /** When those left who have nothing open here since, oldest first: their fields come back with an older master. */
  readonly #left = new Map<string, number>();
  /** Users whose changes were not announced while nobody knew. */
  readonly #unannounced = new Set<string>();
  readonly #watched = new WatchedUsers();
  #neighbours: NeighbourListener | undefined;
  readonly #lostListeners = new Set<(connections: readonly OnlineConnection[]) => Promise<void>>();
  #connections = 0;
  #isHearing = true;
  #isSettling = false;
  #isPlanned = false;
  #isClosed = false;
  readonly #timers: { again: NodeJS.Timeout; retry?: NodeJS.Timeout; settle?: NodeJS.Timeout };

  constructor(options: RedisPresenceOptions) {
    this.#options = options;
    this.#times = options.times ?? presenceTimes;
    const { channel } = options;
    channel.on(changeKind, (_from, payload) => this.#onNews(payload));
    channel.on(doubtKind, (_from, payload) => this.#onDoubt(payload));
    channel.onHearing((isHearing) => this.#onHearing(isHearing));
    channel.onLease((_lease, hasForgotten) => this.#onLease(hasForgotten));
    channel.onInheritance((lease) => this.#inherit(lease));
    this.#timers = { again: setInterval(() => void this.#tellAll(), this.#times.tellAgainMs).unref() };
  }

  /** How many there are here. */
  get connections(): number {
    return this.#connections;
  }

  /** How many are online by a connection here. */
  get users(): number {
    return this.#local.size;
  }

  opened(connection: OnlineConnection): Promise<void> {
    const user = this.#local.get(connection.userID) ?? newUser();
    this.#local.set(connection.userID, user);
    user.connections.set(connection, '');
    this.#connections += 1;
    return this.#tellSoon(connection.userID, user);
  }

  changed(connection: OnlineConnection): void {
    const user = this.#local.get(connection.userID);
    if (user?.connections.has(connection)) void this.#tellSoon(connection.userID, user);
  }

  closed(connection: OnlineConnection): void {
    const user = this.#local.get(connection.userID);
    if (!user?.connections.delete(connection)) return;
    this.#connections -= 1;
    if (user.connections.size === 0) this.#remember(connection.userID);
    void this.#tellSoon(connection.userID, user);
  }

  async platformsOf(userIDs: readonly string[]): Promise<OnlinePlatforms[]> {
    return (await this.connectionsOf(userIDs)).map((connections, index) => {
      const platformIDs = platformsIn(connections);
      this.#watched.wasRead({ userID: userIDs[index] ?? '', platformIDs });
      return platformIDs;
    });
  }

  async connectionsOf(userIDs: readonly string[]): Promise<(readonly OnlineConnection[])[]> {
    const found: (readonly OnlineConnection[])[] = [];
    for (let start = 0; start < userIDs.length; start += width) {
      this.#assertKnown();
      const portion = userIDs.slice(start, start + width);
      const reads = portion.map((userID) => this.#read(userID));
      const [read] = await Promise.all([Promise.all(reads), this.#options.channel.confirm()]);
      found.push(...read);
    }
    this.#assertKnown();
    return found;
  }

  watch(userIDs: readonly string[]): void {
    for (const userID of userIDs) {
      this.#watched.add(userID);
      this.#tellWatch(userID);
    }
  }

  unwatch(userIDs: readonly string[]): void {
    for (const userID of userIDs) {
      this.#watched.delete(userID);
      const key = watchersKey(userID);
      this.#command(key, ['SREM', key, this.#options.channel.lease]);
    }
  }

  onChange(listener: (change: PresenceChange) => void): () => void {
    return this.#watched.onChange(listener);
  }

  onNeighbours(listener: NeighbourListener): void {
    this.#neighbours = listener;
  }

  /** Hears of connections that ended with their node; on one node only. Rejecting has it told again, there or elsewhere. */
  onLost(listener: (connections: readonly OnlineConnection[]) => Promise<void>): void {
    this.#lostListeners.add(listener);
  }

  /** Resolves when what was to be told has been told, or cannot be. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#tellUntold();
    this.#isClosed = true;
    clearInterval(this.#timers.again);
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.settle);
    await Promise.all(Array.from(this.#local.values(), ({ telling }) => telling));
  }

  /** @throws while nobody knows who is online */
  #assertKnown(): void {
    if (!this.#isHearing) throw new Error('nobody knows who is online: Redis is away');
    if (this.#isSettling) throw new Error('nobody knows who is online: Redis has forgotten, and is being told again');
  }

  async #read(userID: string): Promise<readonly OnlineConnection[]> {
    const key = onlineKey(userID);
    const flat = (await this.#options.redis.command(key, ['HGETALL', key])) as string[];
    const elsewhere = await this.#elsewhere(parseConnections(userID, flat));
    const here = this.#local.get(userID)?.connections ?? nobody;
    const all = [
      ...elsewhere,
      ...Array.from(here, ([connection, registration]) => ({ ...snapshotOf(connection), registration })),
    ];
    return all.sort((a, b) => orderOf(a) - orderOf(b)).map(snapshotOf);
  }

  /** Of live nodes other than this one. */
  async #elsewhere(connections: readonly RegisteredConnection[]): Promise<RegisteredConnection[]> {
    const { channel } = this.#options;
    const others = connections.filter(({ lease }) => nodeOfLease(lease) !== channel.nodeID);
    if (others.some(({ lease }) => !channel.isLive(lease))) await channel.learn(others.map(({ lease }) => lease));
    return others.filter(({ lease }) => channel.isLive(lease));
  }

  /** All that changes in this turn goes at once. Never rejects. */
  #tellSoon(userID: string, user: LocalUser): Promise<void> {
    this.#untold.add(userID);
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      setImmediate(() => {
        this.#isPlanned = false;
        this.#tellUntold();
      });
    }
    if (user.telling === undefined) user.telling = this.#tellUntilTold(userID, user);
    else user.isStale = true;
    return user.telling;
  }

  #tellUntold(): void {
    const userIDs = [...this.#untold];
    this.#untold = new Set();
    const { online, offline } = Object.groupBy(userIDs, (userID) =>
      (this.#local.get(userID)?.connections.size ?? 0) > 0 ? 'online' : 'offline',
    );
    this.#tellUsers('SADD', online);
    this.#tellUsers('SREM', offline);
  }

  #tellUsers(change: 'SADD' | 'SREM', userIDs: readonly string[] = []): void {
    const key = usersOfLeaseKey(this.#options.channel.lease);
    for (let start = 0; start < userIDs.length; start += width) {
      this.#command(key, [change, key, ...userIDs.slice(start, start + width)]);
    }
    if (change === 'SADD' && userIDs.length > 0) this.#command(key, ['PEXPIRE', key, String(this.#times.keepMs)]);
  }

  async #tellUntilTold(userID: string, user: LocalUser): Promise<void> {
    // What else comes in this turn is told with it.
    await new Promise(setImmediate);
    let isTold = false;
    try {
      do {
        user.isStale = false;
        await this.#tell(userID, user);
      } while (user.isStale);
      isTold = true;
    } catch (error) {
      this.#options.onFailure(error);
      this.#tellLater(userID);
    }
    user.telling = undefined;
    if (isTold && user.connections.size === 0 && this.#local.get(userID) === user) this.#local.delete(userID);
  }

  /** What could not be told is told again: soon, or when Redis is back. */
  #tellLater(userID: string): void {
    this.#failed.add(userID);
    if (this.#isClosed || this.#timers.retry !== undefined) return;
    this.#timers.retry = setTimeout(() => {
      delete this.#timers.retry;
      if (this.#isHearing) void this.#tellAgain([...this.#failed]);
    }, this.#times.retryMs).unref();
  }

  /** @throws if Redis does not answer */
  async #tell(userID: string, { connections }: LocalUser): Promise<void> {
    const { channel } = this.#options;
    const { lease } = channel;
    const told = [...connections.entries()];
    const mine = told.flatMap(([connection, registration]) => [
      connection.connID,
      registration,
      formatConnection(connection),
    ]);
    const change = await this.#run(userID, { prefix: `${channel.nodeID}.`, lease, mine });
    for (const [index, [connection]] of told.entries()) {
      if (connections.has(connection)) connections.set(connection, change.registrations[index] ?? '');
    }
    const elsewhere = await this.#elsewhere(change.before);
    const before = change.before.filter((one) => one.lease === lease).concat(elsewhere);
    const after = platformsIn([...told.map(([connection]) => connection), ...elsewhere]);
    if (!areSame(platformsIn(before), after) || this.#unannounced.has(userID)) {
      await this.#announce({ userID, platformIDs: after }, change);
    }
    for (const [index, [connection, registration]] of told.entries()) {
      if (registration === '') this.#meet(connection, Number(change.registrations[index]), elsewhere);
    }
  }

  /** A new connection and those elsewhere that were opened before it. */
  #meet(connection: OnlineConnection, registration: number, elsewhere: readonly RegisteredConnection[]): void {
    const { channel } = this.#options;
    const older = elsewhere.filter((other) => other.registration < registration);
    if (older.length === 0) return;
    for (const { jti, lease, userID, connID } of older) {
      if (jti !== connection.jti) continue;
      channel.send(nodeOfLease(lease), doubtKind, Buffer.from(JSON.stringify({ userID, connID })));
    }
    this.#neighbours?.onOlder(connection, older.map(snapshotOf));
  }

  async #run(
    userID: string,
    { prefix, lease, mine }: { readonly prefix: string; readonly lease: string; readonly mine: readonly string[] },
  ): Promise<Told> {
    const reply = await this.#options.redis.evalScript(
      this.#script,
      [onlineKey(userID), watchersKey(userID)],
      [prefix, lease, String(this.#times.keepMs), ...mine],
    );
    const [number, before, registrations, watchers] = reply as [string, string[], string[], string[]];
    return { number: Number(number), before: parseConnections(userID, before), registrations, watchers };
  }

  async #announce(change: PresenceChange, { number, watchers }: Told): Promise<void> {
    const { channel } = this.#options;
    this.#unannounced.add(change.userID);
    if (watchers.length > 0) await channel.confirm();
    if (this.#isSettling || !this.#isHearing) return;
    this.#unannounced.delete(change.userID);
    const payload = Buffer.from(JSON.stringify({ ...change, number }));
    const others = watchers.filter((watcher) => watcher !== channel.lease);
    if (others.some((watcher) => !channel.isLive(watcher))) await channel.learn(others);
    for (const watcher of watchers) {
      if (watcher === channel.lease) this.#watched.hear(change, number);
      else if (channel.isLive(watcher)) channel.send(nodeOfLease(watcher), changeKind, payload);
      else {
        const key = watchersKey(change.userID);
        this.#command(key, ['SREM', key, watcher]);
      }
    }
  }

  #onNews(payload: Buffer): void {
    const { userID, platformIDs, number } = JSON.parse(payload.toString());
    if (!this.#isSettling) this.#watched.hear({ userID, platformIDs }, number);
  }

  #onDoubt(payload: Buffer): void {
    const { userID, connID } = JSON.parse(payload.toString());
    this.#neighbours?.onDoubted(userID, connID);
  }

  #tellWatch(userID: string): void {
    const key = watchersKey(userID);
    this.#command(key, ['SADD', key, this.#options.channel.lease]);
    this.#command(key, ['PEXPIRE', key, String(this.#times.keepMs)]);
  }

  /** What fails is done again when Redis is back. */
  #command(key: string, args: readonly string[]): void {
    this.#options.redis.command(key, args).catch(this.#options.onFailure);
  }

  #onHearing(isHearing: boolean): void {
    this.#isHearing = isHearing;
    // What happened meanwhile may not have been told, and what others told not been heard.
    if (isHearing) void this.#tellAll().then(() => this.#look());
  }

  #onLease(hasForgotten: boolean): void {
    if (hasForgotten) this.#settle();
    void this.#tellAll();
  }

  #settle(): void {
    this.#isSettling = true;
    clearTimeout(this.#timers.settle);
    this.#timers.settle = setTimeout(() => {
      this.#isSettling = false;
      void this.#tellAgain([...this.#unannounced]).then(() => this.#look());
    }, this.#times.settleMs).unref();
  }

  #remember(userID: string): void {
    this.#left.delete(userID);
    this.#left.set(userID, performance.now());
    this.#forget();
  }

  #forget(): void {
    const since = performance.now() - this.#times.recallMs;
    for (const [userID, leftAt] of this.#left) {
      if (leftAt > since) return;
      this.#left.delete(userID);
    }
  }

  /**
   * Everything that others have to know, as it is now. Also who has left lately: what a master was told before another one
   * took its place may never have reached that one.
   */
  async #tellAll(): Promise<void> {
    this.#forget();
    await this.#tellAgain([...new Set([...this.#local.keys(), ...this.#failed, ...this.#left.keys()])]);
    await inPortions([...this.#watched.userIDs], (userID) => this.#tellWatch(userID));
  }

  async #tellAgain(userIDs: readonly string[]): Promise<void> {
    await inPortions(userIDs, (userID) => {
      if (this.#isClosed) return undefined;
      const user = this.#local.get(userID) ?? newUser();
      this.#local.set(userID, user);
      this.#failed.delete(userID);
      return this.#tellSoon(userID, user);
    });
  }

  /** Finds out what has changed of the users who are watched, when that may not have been heard. */
  async #look(): Promise<void> {
    await inPortions([...this.#watched.userIDs], async (userID) => {
      try {
        if (this.#isClosed || this.#isSettling || !this.#isHearing) return;
        this.#watched.see({ userID, platformIDs: platformsIn(await this.#read(userID)) });
      } catch (error) {
        this.#options.onFailure(error);
      }
    });
  }

  /** Ends the connections of a dead node, and tells whoever watches their users. */
  async #inherit(lease: string): Promise<void> {
    const key = usersOfLeaseKey(lease);
    for (let cursor: string | undefined; cursor !== '0'; ) {
      const reply = await this.#options.redis.command(key, ['SSCAN', key, cursor ?? '0', 'COUNT', String(width)]);
      const [next, userIDs] = reply as [string, string[]];
      await Promise.all(userIDs.map((userID) => this.#bury(userID, lease)));
      cursor = next;
    }
    await this.#options.redis.command(key, ['DEL', key]);
  }

  async #bury(userID: string, lease: string): Promise<void> {
    const change = await this.#run(userID, { prefix: `${lease}:`, lease, mine: [] });
    const lost = change.before.filter((connection) => connection.lease === lease);
    if (lost.length === 0) return;
    const left = [...(await this.#elsewhere(change.before)), ...(this.#local.get(userID)?.connections.keys() ?? [])];
    const platformIDs = platformsIn(left);
    if (!areSame(platformsIn([...left, ...lost]), platformIDs)) await this.#announce({ userID, platformIDs }, change);
    await Promise.all(Array.from(this.#lostListeners, (listener) => listener(lost.map(snapshotOf))));
  }
}

interface Told {
  readonly number: number;
  readonly before: readonly RegisteredConnection[];
  readonly registrations: readonly string[];
  /** Leases. */
  readonly watchers: readonly string[];
}

const nobody: ReadonlyMap<OnlineConnection, string> = new Map();

function newUser(): LocalUser {
  return { connections: new Map(), telling: undefined, isStale: false };
}

function snapshotOf({ userID, platformID, connID, jti, isBackground }: OnlineConnection): OnlineConnection {
  return { userID, platformID, connID, jti, isBackground };
}

/** What has no registration yet is the newest. */
function orderOf({ registration }: { readonly registration: string | number }): number {
  return registration === '' ? Number.POSITIVE_INFINITY : Number(registration);
}

async function inPortions<Item>(items: readonly Item[], work: (item: Item) => Promise<void> | void): Promise<void> {
  for (let start = 0; start < items.length; start += width) {
    await Promise.all(items.slice(start, start + width).map(work));
    await new Promise(setImmediate);
  }
}
