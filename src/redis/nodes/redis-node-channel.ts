/**
 * A node among the nodes of a cluster: it holds a lease in Redis, hears whose leases hold and whose have ended, and
 * speaks to the others over one channel for each. See docs/adr/0013.
 */
import type { NodeChannel, Peer } from '../../bus/node-channel.ts';
import type { RedisClient, RedisSubscription } from '../client/client.ts';
import { decodeEnvelope, encodeEnvelope, type Said } from './node-envelope.ts';
import { leaseName, nodeChannel, nodeOfLease } from './node-keys.ts';
import { type Beat, type LiveNode, type NodeDescription, NodeRegistry } from './node-registry.ts';

export interface NodeTimes {
  readonly heartbeatMs: number;
  /** See {@link LeaseTimes}. */
  readonly leaseMs: number;
  readonly outageMs: number;
}

export const nodeTimes: NodeTimes = { heartbeatMs: 3000, leaseMs: 12_000, outageMs: 7000 };

export interface RedisNodeChannelOptions {
  readonly redis: RedisClient;
  /** Of this process, never used before. ASCII, without a dot. */
  readonly nodeID: string;
  readonly describe: () => NodeDescription;
  readonly monotonicMs?: () => number;
  readonly times?: NodeTimes;
  readonly observer: NodeObserver;
}

export interface NodeObserver {
  /** A heartbeat that failed, a listener that threw. */
  failed(error: unknown): void;
  /** What cannot be read here, or of a kind that is not known here: a node of another version says it. */
  unknown(): void;
  /** What Redis's clock said, and within which ms of the monotonic clock. */
  clockRead?(at: number, sentAtMs: number, receivedAtMs: number): void;
}

/** What concerns leases, for whoever keeps something in Redis under the name of one. */
export interface Leases {
  /** The one that this node holds, or held last. */
  readonly lease: string;
  /** False for one that has ended, or that is not known yet: see {@link learn}. */
  isLive(lease: string): boolean;
  /** Finds out of leases that are not known whether they are live. Rejects if Redis cannot be asked. */
  learn(leases: Iterable<string>): Promise<void>;
  /**
   * To be awaited after what was read in Redis under leases: if it has forgotten this node's own, and with it what others
   * have told, listeners of {@link onLease} have heard so. Rejects if Redis cannot be asked.
   */
  confirm(): Promise<void>;
  /**
   * This node has another lease, and what it has told under the one before is void. `hasForgotten`: Redis knows nothing
   * of what any node has told.
   */
  onLease(listener: (lease: string, hasForgotten: boolean) => void): void;
  /**
   * A node is dead, and this one is its heir. Until what is returned resolves nobody else is; if it rejects, or this node
   * dies meanwhile, it is asked for again.
   */
  onInheritance(listener: (lease: string) => Promise<void>): void;
}

/** Of one publication. */
const maxBytes = 512 * 1024;
/** Heartbeats that come back over one's own channel show that it is heard. */
const echoKind = 'echo';
/** Leases that are kept in mind. */
const mostEnded = 1000;
/** Failed heartbeats are tried again faster. */
const retryMs = 1000;

export class RedisNodeChannel implements NodeChannel, Leases, AsyncDisposable {
  readonly nodeID: string;
  readonly #options: RedisNodeChannelOptions;
  readonly #times: NodeTimes;
  readonly #registry: NodeRegistry;
  readonly #monotonicMs: () => number;
  readonly #listeners = new Map<string, (from: string, payload: Buffer) => void>();
  readonly #goneListeners: ((nodeID: string, isHeir: boolean) => void)[] = [];
  readonly #hearingListeners: ((isHearing: boolean) => void)[] = [];
  readonly #leaseListeners: ((lease: string, hasForgotten: boolean) => void)[] = [];
  readonly #heirListeners: ((lease: string) => Promise<void>)[] = [];
  readonly #inheriting = new Set<string>();
  /** What is to go out at the end of the turn. */
  #queued = new Map<string, Said[]>();
  #leaseNumber = 0;
  #live = new Map<string, LiveNode>();
  /** Some of those that are known to have ended, and will not be live again. */
  readonly #ended = new Set<string>();
  #peers: readonly Peer[] = [];
  #since: string | undefined;
  /** What Redis's clock said, and when that was by the monotonic clock. */
  #clock = { at: 0, readAtMs: 0 };
  /** By the monotonic clock. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #echoedAtMs: number;
  #subscribedAtMs: number;
  #isSubscribed = true;
  #isBeating = true;
  #isHearing = true;
  #isClosed = false;
  #subscription: RedisSubscription | undefined;
  #beating: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when the node is registered and hears the others. @throws if Redis cannot be reached */
  static async open(options: RedisNodeChannelOptions): Promise<RedisNodeChannel> {
    const channel = new RedisNodeChannel(options);
    await channel.#open();
    return channel;
  }

  private constructor(options: RedisNodeChannelOptions) {
    const { redis, nodeID, monotonicMs = () => performance.now(), times = nodeTimes } = options;
    this.nodeID = nodeID;
    this.#options = options;
    this.#times = times;
    this.#registry = new NodeRegistry(redis, times);
    this.#monotonicMs = monotonicMs;
    this.#echoedAtMs = monotonicMs();
    this.#subscribedAtMs = monotonicMs();
  }

  get lease(): string {
    return leaseName(this.nodeID, this.#leaseNumber);
  }

  /** All nodes whose leases held at the last heartbeat, this one included. */
  get nodes(): readonly LiveNode[] {
    return [...this.#live.values()];
  }

  /** How long ago a node of {@link nodes} last renewed its lease, as far as this one has heard, ms. */
  heartbeatAgeMs({ leaseEndsAt }: LiveNode): number {
    const { at, readAtMs } = this.#clock;
    const renewedAt = leaseEndsAt - this.#times.leaseMs;
    return Math.max(0, Math.round(at - renewedAt + this.#monotonicMs() - readAtMs));
  }

  isLive(lease: string): boolean {
    return this.#live.has(lease);
  }

  async learn(leases: Iterable<string>): Promise<void> {
    const unknown = new Set(leases).difference(this.#live).difference(this.#ended);
    if (unknown.size === 0) return;
    // One that is under way may have asked too early.
    await this.#beating;
    await this.#beat();
    if (!this.#isBeating) throw new Error('Redis cannot be asked which nodes live');
    for (const lease of unknown) {
      if (this.#live.has(lease)) continue;
      if (this.#ended.size >= mostEnded) this.#ended.clear();
      this.#ended.add(lease);
    }
  }

  async confirm(): Promise<void> {
    if (await this.#registry.knows(this.lease)) return;
    await this.#beating;
    await this.#beat();
  }

  /** Whether others count this node as alive. One that has stood still knows by its own clock that they may not. */
  get isHeld(): boolean {
    return this.#monotonicMs() < this.#heldUntilMs;
  }

  /** Registers again, if need be, before anything is done that others rely on. Never rejects: Redis may be away. */
  async hold(): Promise<void> {
    if (!this.isHeld) await this.#beat();
  }

  peers(): readonly Peer[] {
    return this.#peers;
  }

  send(nodeID: string, kind: string, payload: Buffer): void {
    if (this.#queued.size === 0) setImmediate(this.#flush);
    const queued = this.#queued.get(nodeID);
    if (queued === undefined) this.#queued.set(nodeID, [{ kind, payload }]);
    else queued.push({ kind, payload });
  }

  on(kind: string, listener: (from: string, payload: Buffer) => void): void {
    this.#listeners.set(kind, listener);
  }

  onGone(listener: (nodeID: string, isHeir: boolean) => void): void {
    this.#goneListeners.push(listener);
  }

  onHearing(listener: (isHearing: boolean) => void): void {
    this.#hearingListeners.push(listener);
  }

  onLease(listener: (lease: string, hasForgotten: boolean) => void): void {
    this.#leaseListeners.push(listener);
  }

  onInheritance(listener: (lease: string) => Promise<void>): void {
    this.#heirListeners.push(listener);
  }

  /** The lease ends at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#flush();
    await this.#beating;
    await this.#registry.leave(this.lease).catch(this.#options.observer.failed);
    await this.#subscription?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<void> {
    await this.#registry.checkLayout();
    this.#on(echoKind, (payload) => {
      this.#echoedAtMs = Math.max(this.#echoedAtMs, Number(payload.toString('latin1')));
    });
    this.#subscription = await this.#options.redis.subscribe([nodeChannel(this.nodeID)], {
      onMessage: (_channel, message) => this.#onMessage(message),
      onLost: () => {
        this.#isSubscribed = false;
        this.#tellHearing();
      },
      onRestored: () => {
        this.#isSubscribed = true;
        this.#subscribedAtMs = this.#monotonicMs();
        void this.#beat();
      },
    });
    try {
      this.#note(await this.#askRegistry(true));
    } catch (error) {
      await this.#subscription[Symbol.asyncDispose]();
      throw error;
    }
    this.#plan();
  }

  #on(kind: string, listener: (payload: Buffer) => void): void {
    this.#listeners.set(kind, (_from, payload) => listener(payload));
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const { heartbeatMs } = this.#times;
    this.#timer = setTimeout(() => void this.#beat(), this.#isBeating ? heartbeatMs : Math.min(heartbeatMs, retryMs));
  }

  /** One at a time. Never rejects. */
  #beat(): Promise<void> {
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = undefined;
      this.#plan();
    });
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    if (this.#isClosed) return;
    this.#checkEcho();
    try {
      let beat = await this.#askRegistry(false);
      const hasEnded = !beat.isHeld;
      if (hasEnded) {
        this.#leaseNumber += 1;
        beat = await this.#askRegistry(true);
      }
      const hasForgotten = this.#since !== beat.since;
      this.#isBeating = true;
      if (hasForgotten) this.#hear(false);
      this.#note(beat);
      if (hasEnded) this.#tellLease(hasForgotten);
    } catch (error) {
      this.#isBeating = false;
      this.#options.observer.failed(error);
    }
    this.#tellHearing();
  }

  #tellLease(hasForgotten: boolean): void {
    for (const listener of this.#leaseListeners) this.#guarded(() => listener(this.lease, hasForgotten));
  }

  async #askRegistry(isNew: boolean): Promise<Beat> {
    const sentAtMs = this.#monotonicMs();
    const beat = await this.#registry.beat(this.lease, isNew, this.#options.describe());
    this.#clock = { at: beat.now, readAtMs: this.#monotonicMs() };
    this.#options.observer.clockRead?.(beat.now, sentAtMs, this.#monotonicMs());
    if (beat.isHeld) this.#heldUntilMs = sentAtMs + this.#times.leaseMs;
    return beat;
  }

  #note({ live, inherited, since }: Beat): void {
    const before = this.#live;
    this.#since = since;
    this.#live = new Map(live.map((node) => [node.lease, node]));
    const nodeIDs = new Set(live.map(({ nodeID }) => nodeID));
    nodeIDs.delete(this.nodeID);
    const gone = new Set(Array.from(before.values(), ({ nodeID }) => nodeID)).difference(nodeIDs);
    gone.delete(this.nodeID);
    this.#peers = Array.from(nodeIDs, (nodeID) => ({ nodeID }));
    const heirOf = new Set(inherited.map(nodeOfLease));
    for (const nodeID of gone) {
      for (const listener of this.#goneListeners) this.#guarded(() => listener(nodeID, heirOf.has(nodeID)));
    }
    for (const lease of inherited) void this.#inherit(lease);
    if (!this.#isClosed) this.send(this.nodeID, echoKind, Buffer.from(String(this.#monotonicMs()), 'latin1'));
  }

  async #inherit(lease: string): Promise<void> {
    if (this.#inheriting.has(lease)) return;
    this.#inheriting.add(lease);
    try {
      await Promise.all(this.#heirListeners.map((listener) => listener(lease)));
      await this.#registry.settle(lease);
    } catch (error) {
      this.#options.observer.failed(error);
    } finally {
      this.#inheriting.delete(lease);
    }
  }

  /** A subscription can die without a word: then one's own heartbeats stay away. */
  #checkEcho(): void {
    const { heartbeatMs } = this.#times;
    const silentSinceMs = Math.max(this.#echoedAtMs, this.#subscribedAtMs);
    if (this.#isSubscribed && this.#monotonicMs() - silentSinceMs > 2.5 * heartbeatMs) this.#subscription?.renew();
  }

  #tellHearing(): void {
    this.#hear(this.#isSubscribed && this.#isBeating);
  }

  #hear(isHearing: boolean): void {
    if (isHearing === this.#isHearing || this.#isClosed) return;
    this.#isHearing = isHearing;
    for (const listener of this.#hearingListeners) this.#guarded(() => listener(isHearing));
  }

  #onMessage(message: Buffer): void {
    const envelope = decodeEnvelope(message);
    if (envelope === undefined) {
      this.#options.observer.unknown();
      return;
    }
    for (const { kind, payload } of envelope.said) {
      const listener = this.#listeners.get(kind);
      if (listener === undefined) this.#options.observer.unknown();
      else this.#guarded(() => listener(envelope.from, payload));
    }
  }

  readonly #flush = (): void => {
    const queued = this.#queued;
    this.#queued = new Map();
    for (const [nodeID, said] of queued) for (const part of inParts(said)) this.#publish(nodeID, part);
  };

  #publish(nodeID: string, said: readonly Said[]): void {
    const { redis, observer } = this.#options;
    const envelope = encodeEnvelope({ from: this.nodeID, said });
    // Whoever needs it misses it.
    redis.publish(nodeChannel(nodeID), envelope).catch(observer.failed);
  }

  #guarded(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.observer.failed(error);
    }
  }
}

function* inParts(said: readonly Said[]): Iterable<readonly Said[]> {
  let part: Said[] = [];
  let bytes = 0;
  for (const one of said) {
    if (part.length > 0 && bytes + one.payload.length > maxBytes) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(one);
    bytes += one.payload.length;
  }
  if (part.length > 0) yield part;
}
