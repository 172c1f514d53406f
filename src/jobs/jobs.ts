/**
 * What runs by the clock. Several processes may have the same jobs: a lease in the database says which of them works, and
 * every step of the work proves in its own transaction that the lease still holds. Steps are short, with rests between
 * them, so that nobody who writes waits long.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { Lease, LeaseStore } from './lease-store.ts';

export interface Job {
  readonly name: string;
  /** Whether the clock is to be believed. */
  mayRun(): boolean;
  /** Does all that is due, in steps. */
  sweep(step: Step): Promise<void>;
}

/** One transaction of a sweep. @throws SweepEnded the process closes, or another one has taken over; nothing was written */
export type Step = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;

export interface JobsObserver {
  swept(job: string): void;
  /** It is tried again with the next sweep. */
  failed(job: string, error: unknown): void;
}

export interface JobsOptions {
  readonly jobs: readonly Job[];
  readonly leases: LeaseStore;
  readonly unitOfWork: UnitOfWork;
  /** Names this process. */
  readonly holder: string;
  /** From the end of a sweep to the beginning of the next one. */
  readonly everyMs: number;
  /** Unix ms. */
  readonly now: () => number;
  readonly observer: JobsObserver;
  /** In times of what a step took. */
  readonly rest?: number;
}

/** After a process that has died another one takes over. */
const leaseMs = 30_000;

class SweepEnded extends Error {}

export class Jobs implements AsyncDisposable {
  readonly #options: JobsOptions;
  readonly #closing = new AbortController();
  readonly #leases = new Map<string, Lease>();
  #running: Promise<void> | undefined;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** Sweeps now, and then every so often, until it is disposed of. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Every job once, one after another. */
  async sweep(): Promise<void> {
    const { jobs, observer } = this.#options;
    for (const job of jobs) {
      if (this.#closing.signal.aborted) return;
      if (!job.mayRun()) continue;
      try {
        const lease = await this.#take(job.name);
        // Another process does it at present.
        if (lease === undefined) continue;
        await job.sweep((work) => this.#step(lease, work));
        observer.swept(job.name);
      } catch (error) {
        if (!(error instanceof SweepEnded)) observer.failed(job.name, error);
      }
    }
  }

  /** Ends after the step under way; leases are free for others. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
    const { unitOfWork, leases } = this.#options;
    for (const lease of this.#leases.values()) await unitOfWork.transaction((tx) => leases.release(tx, lease));
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.sweep();
      await delay(this.#options.everyMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #take(name: string): Promise<Lease | undefined> {
    const { leases, unitOfWork, holder, now } = this.#options;
    const lease = await unitOfWork.transaction((tx) => leases.take(tx, name, holder, now(), now() + leaseMs));
    if (lease !== undefined) this.#leases.set(name, lease);
    return lease;
  }

  async #step<T>(lease: Lease, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { leases, unitOfWork, now, rest = usualRest } = this.#options;
    const { signal } = this.#closing;
    if (signal.aborted) throw new SweepEnded();
    const startedAt = performance.now();
    const result = await unitOfWork.transaction(async (tx) => {
      if (!(await leases.extend(tx, lease, now() + leaseMs))) throw new SweepEnded('another process has taken over');
      return work(tx);
    });
    await delay(rest * (performance.now() - startedAt), undefined, { signal }).catch(() => {});
    return result;
  }
}

const usualRest = 4;
