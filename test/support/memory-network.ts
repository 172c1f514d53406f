/** Channels between nodes of one process, over which publications are lost, late and out of order, as the test says. */
import type { NodeChannel, Peer } from '../../src/bus/node-channel.ts';

export interface MemoryNetworkOptions {
  /** From 0 to 1. */
  readonly random?: () => number;
  /** Of 1 publications so many never arrive. */
  readonly loss?: number;
  /** Publications take up to so long, and overtake each other. */
  readonly maxDelayMs?: number;
}

type Listener = (from: string, payload: Buffer) => void;

class MemoryChannel implements NodeChannel {
  readonly nodeID: string;
  readonly #network: MemoryNetwork;
  readonly listeners = new Map<string, Listener>();
  readonly goneListeners: ((nodeID: string, isHeir: boolean) => void)[] = [];
  readonly hearingListeners: ((isHearing: boolean) => void)[] = [];
  isCut = false;

  constructor(nodeID: string, network: MemoryNetwork) {
    this.nodeID = nodeID;
    this.#network = network;
  }

  peers(): readonly Peer[] {
    return this.#network.alive().filter(({ nodeID }) => nodeID !== this.nodeID);
  }

  send(nodeID: string, kind: string, payload: Buffer): void {
    if (!this.isCut) this.#network.carry(this.nodeID, nodeID, kind, payload);
  }

  on(kind: string, listener: Listener): void {
    this.listeners.set(kind, listener);
  }

  onGone(listener: (nodeID: string, isHeir: boolean) => void): void {
    this.goneListeners.push(listener);
  }

  onHearing(listener: (isHearing: boolean) => void): void {
    this.hearingListeners.push(listener);
  }
}

export class MemoryNetwork {
  readonly #channels = new Map<string, MemoryChannel>();
  readonly #options: Required<MemoryNetworkOptions>;
  /** Of the kinds of publications that are lost from now on. */
  lost: (from: string, to: string, kind: string) => boolean = () => false;

  /** What becomes of a publication on its way. */
  changed: (payload: Buffer, from: string, kind: string) => Buffer = (payload) => payload;

  constructor({ random = Math.random, loss = 0, maxDelayMs = 0 }: MemoryNetworkOptions = {}) {
    this.#options = { random, loss, maxDelayMs };
  }

  join(nodeID: string): MemoryChannel {
    const channel = new MemoryChannel(nodeID, this);
    this.#channels.set(nodeID, channel);
    return channel;
  }

  alive(): readonly Peer[] {
    return [...this.#channels.keys()].map((nodeID) => ({ nodeID }));
  }

  /** As a node that was killed, when its lease has ended. */
  bury(nodeID: string): void {
    this.#channels.delete(nodeID);
    const [heir] = this.#channels.keys();
    for (const channel of this.#channels.values()) {
      for (const listener of channel.goneListeners) listener(nodeID, channel.nodeID === heir);
    }
  }

  /** Nothing goes from or to it, and it knows. */
  cut(nodeID: string, isCut: boolean): void {
    const channel = this.#channels.get(nodeID);
    if (channel === undefined) return;
    channel.isCut = isCut;
    for (const listener of channel.hearingListeners) listener(!isCut);
  }

  carry(from: string, to: string, kind: string, payload: Buffer): void {
    const { random, loss, maxDelayMs } = this.#options;
    if (random() < loss || this.lost(from, to, kind)) return;
    const arrive = () => {
      const channel = this.#channels.get(to);
      if (channel?.isCut === false) channel.listeners.get(kind)?.(from, this.changed(payload, from, kind));
    };
    if (maxDelayMs === 0) setImmediate(arrive);
    else setTimeout(arrive, Math.floor(random() * maxDelayMs));
  }
}
