/**
 * Restarting every node, one after another: a node that is older than the order takes a lease, drains and exits, and its
 * supervisor starts it again. The lease is free for the next node once that one is back, or after a while if it is not.
 */
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { LeaseStore } from './lease-store.ts';

export interface RestartStore {
  /** How many have been ordered ever. */
  restarts(): Promise<number>;
  orderRestart(tx: Transaction): Promise<void>;
}

export interface RollingRestartOptions {
  readonly store: RestartStore;
  readonly leases: LeaseStore;
  readonly unitOfWork: UnitOfWork;
  /** The same after a restart. */
  readonly nodeName: string;
  /** Whether something starts this process again when it exits. */
  readonly isSupervised: boolean;
  /** How long a node may take to drain and to come back, in ms, before the next one goes. */
  readonly awayMs: number;
  /** Unix ms. */
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}

export class RollingRestart implements AsyncDisposable {
  /** Resolves when this process is to drain and exit. */
  readonly ordered: Promise<void>;
  readonly #options: RollingRestartOptions;
  readonly #order: () => void;
  /** Ordered before this process came up; undefined: it is not up yet. */
  #earlier: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();

  constructor(options: RollingRestartOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ordered = promise;
    this.#order = resolve;
  }

  /** To be called when the node takes requests: the next one may go. */
  async start(): Promise<void> {
    const { store, leases, unitOfWork, nodeName, now, onFailure } = this.#options;
    this.#earlier = await store.restarts();
    await unitOfWork.transaction(async (tx) => {
      const lease = await leases.take(tx, leaseName, nodeName, now(), 0);
      if (lease !== undefined) await leases.release(tx, lease);
    });
    this.#timer = setInterval(() => {
      this.#look = this.#look.then(() => this.look()).catch(onFailure);
    }, lookEveryMs).unref();
  }

  /** Has all nodes restart that something starts again. @throws 1002 not an admin, 1001 this one would not come back */
  async request(call: CallContext): Promise<void> {
    requireAdmin(call);
    const { store, unitOfWork, isSupervised } = this.#options;
    if (!isSupervised) throw errors.args('nothing would start the server again: see TESSERA_SUPERVISED');
    await unitOfWork.transaction((tx) => store.orderRestart(tx));
  }

  /** Goes, if it is this node's turn. */
  async look(): Promise<void> {
    const { store, leases, unitOfWork, nodeName, isSupervised, awayMs, now } = this.#options;
    if (!isSupervised || this.#earlier === undefined) return;
    if ((await store.restarts()) <= this.#earlier) return;
    const lease = await unitOfWork.transaction((tx) => leases.take(tx, leaseName, nodeName, now(), awayMs));
    if (lease === undefined) return;
    // It is on its way: the lease is its successor's to give back.
    clearInterval(this.#timer);
    this.#earlier = undefined;
    this.#order();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
  }
}

const leaseName = 'restart';
const lookEveryMs = 2000;
