/**
 * What runs by the clock. Several processes may have the same jobs: a lease in the database says which of them works, and
 * every step of the work proves in its own transaction that the lease still holds. Steps are short, with rests between
 * them, so that nobody who writes waits long. When a job ran last is in the database too: what was missed while no
 * process was up is caught up once, and a run that died is begun again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import type { Schedule } from '../kernel/cron.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { JobRecord, JobStore } from './job-store.ts';
import type { Lease, LeaseStore } from './lease-store.ts';

export interface Job {
  /** Lower case, words joined by `-`. */
  readonly name: string;
  /** Why it may not run at present, for people: it is switched off, or the clock is not to be believed. */
  heldBack(): string | undefined;
  /** Does all that is due, in steps. @param progress so many more things have been dealt with */
  sweep(step: Step, progress: (more: number) => void): Promise<void>;
}

/** One transaction of a run. @throws RunEnded the process closes, or another one has taken over; nothing was written */
export type Step = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;

export interface ScheduledJob {
  readonly job: Job;
  /** When, as it is written; empty: only when somebody asks for it. */
  readonly cron: string;
  readonly schedule: Schedule;
}

export interface JobsObserver {
  done(job: string, durationMs: number): void;
  /** It is tried again after a while. */
  failed(job: string, error: unknown): void;
  /** How long each job ought to have begun a run and has not; 0 if it is in time. Told with every look. */
  overdue(job: string, ms: number): void;
  /** The records could not be read, or a run not be begun. */
  lookFailed(error: unknown): void;
}

export interface JobsOptions {
  readonly jobs: readonly ScheduledJob[];
  readonly store: JobStore;
  readonly leases: LeaseStore;
  readonly unitOfWork: UnitOfWork;
  /** Names this process. */
  readonly holder: string;
  /** Unix ms. */
  readonly now: () => number;
  readonly observer: JobsObserver;
  /** Looked at before the jobs are. */
  readonly clock?: { look(): Promise<void> };
  /** Tells other processes that a job was asked for, which then {@link Jobs.wake}; without it they learn it by looking. */
  readonly onRequested?: () => void;
  /** After each step, in times of what it took. */
  readonly rest?: number;
}

/** A job as admins see it. */
export interface JobReport extends JobRecord {
  readonly cron: string;
  /** Unix ms; 0: nothing is planned. */
  readonly nextAt: number;
  /** Why it does not run at present; empty: nothing keeps it. */
  readonly heldBack: string;
}

class RunEnded extends Error {}

export class Jobs implements AsyncDisposable {
  readonly #options: JobsOptions;
  readonly #closing = new AbortController();
  readonly #runs = new Map<string, Promise<void>>();
  #loop: Promise<void> | undefined;
  #wake = new AbortController();

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** Looks now, and then every so often, until it is disposed of. */
  start(): void {
    this.#loop ??= this.#looking();
  }

  /** Begins every job that is due, and resolves when those have ended. */
  async look(): Promise<void> {
    await this.#beginDue();
    await Promise.all(this.#runs.values());
  }

  /** In the order in which they were declared. @throws 1002 not an admin */
  async list(call: CallContext): Promise<readonly JobReport[]> {
    requireAdmin(call);
    const records = await this.#records();
    return this.#options.jobs.map((entry) => this.#report(entry, records.get(entry.job.name)));
  }

  /**
   * Has a job run beside its schedule: here if it is nowhere under way, else once more after that.
   * @throws 1002 not an admin, 1004 no such job, 1001 it may not run at present
   */
  async request(call: CallContext, name: string): Promise<void> {
    requireAdmin(call);
    const { jobs, store, unitOfWork, now, onRequested } = this.#options;
    const entry = jobs.find(({ job }) => job.name === name);
    if (entry === undefined) throw errors.recordNotFound('there is no such job');
    const heldBack = entry.job.heldBack();
    if (heldBack !== undefined) throw errors.args(`the job does not run: ${heldBack}`);
    await unitOfWork.transaction((tx) => store.request(tx, name, now()));
    this.wake();
    onRequested?.();
  }

  /** Looks at once, if it looks at all: something was asked for. */
  wake(): void {
    this.#wake.abort();
  }

  /** Ends after the steps under way; leases are free for others, who go on with what was not done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#loop;
    await Promise.all(this.#runs.values());
  }

  async #looking(): Promise<void> {
    const { observer } = this.#options;
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      const untilMs = await this.#beginDue().catch((error) => {
        observer.lookFailed(error);
        return longestLookMs;
      });
      await delay(untilMs, undefined, { signal: this.#wake.signal, ref: false }).catch(() => {});
    }
  }

  /** @returns how long nothing is due, at most `longestLookMs`: another process may have been asked for a run */
  async #beginDue(): Promise<number> {
    const { jobs, observer, clock, now } = this.#options;
    await clock?.look();
    const records = await this.#records();
    let nextAt = now() + longestLookMs;
    for (const entry of jobs) {
      if (this.#closing.signal.aborted) break;
      const { name } = entry.job;
      const isHeldBack = entry.job.heldBack() !== undefined;
      const dueAt = this.#dueAt(entry, records.get(name));
      observer.overdue(name, isHeldBack ? 0 : Math.max(0, now() - this.#plannedAt(entry, records.get(name))));
      if (isHeldBack || this.#runs.has(name)) continue;
      if (dueAt <= now()) this.#begin(entry);
      else nextAt = Math.min(nextAt, dueAt);
    }
    return Math.max(shortestLookMs, nextAt - now());
  }

  #begin(entry: ScheduledJob): void {
    const { name } = entry.job;
    const run = this.#run(entry)
      .catch((error) => this.#options.observer.lookFailed(error))
      .finally(() => {
        this.#runs.delete(name);
        // What was asked for meanwhile, and a schedule that is shorter than the run.
        this.#wake.abort();
      });
    this.#runs.set(name, run);
  }

  /** Once, unless another process does it or has just done it. */
  async #run(entry: ScheduledJob): Promise<void> {
    const { observer, now } = this.#options;
    const { name } = entry.job;
    const lease = await this.#take(entry);
    if (lease === undefined) return;
    const startedAt = now();
    const progress = { done: 0, told: 0 };
    let failure: unknown;
    try {
      await entry.job.sweep(
        (work) => this.#step(lease, progress, work),
        (more) => {
          progress.done += more;
        },
      );
    } catch (error) {
      if (error instanceof RunEnded) {
        await this.#release(lease);
        return;
      }
      failure = error;
    }
    const outcome = failure === undefined ? 'done' : 'failed';
    const end = { endedAt: now(), failure: kindOf(failure), done: progress.done, outcome } as const;
    await this.#end(lease, end);
    if (failure === undefined) observer.done(name, now() - startedAt);
    else observer.failed(name, failure);
  }

  /** @returns undefined if there is nothing to do any more, or another process does it at present */
  async #take(entry: ScheduledJob): Promise<Lease | undefined> {
    const { leases, store, unitOfWork, holder, now } = this.#options;
    const { name } = entry.job;
    return unitOfWork.transaction(async (tx) => {
      const lease = await leases.take(tx, name, holder, now(), leaseMs);
      if (lease === undefined) return undefined;
      if (this.#dueAt(entry, await store.find(tx, name)) > now()) {
        await leases.release(tx, lease);
        return undefined;
      }
      await store.begin(tx, name, now(), holder);
      return lease;
    });
  }

  async #step<T>(lease: Lease, progress: Progress, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { leases, store, unitOfWork, now, rest = usualRest } = this.#options;
    const { signal } = this.#closing;
    if (signal.aborted) throw new RunEnded();
    const startedAt = performance.now();
    const result = await unitOfWork.transaction(async (tx) => {
      if (!(await leases.extend(tx, lease, now(), leaseMs))) throw new RunEnded('another process has taken over');
      if (progress.done > progress.told) {
        await store.progress(tx, lease.name, progress.done);
        progress.told = progress.done;
      }
      return work(tx);
    });
    const restMs = Math.min(longestRestMs, rest * (performance.now() - startedAt));
    await delay(restMs, undefined, { signal }).catch(() => {});
    return result;
  }

  /** What somebody else has taken over is theirs to end. */
  async #end(lease: Lease, end: Parameters<JobStore['end']>[2]): Promise<void> {
    const { leases, store, unitOfWork, now } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      if (await leases.extend(tx, lease, now(), 0)) await store.end(tx, lease.name, end);
    });
  }

  async #release(lease: Lease): Promise<void> {
    const { leases, unitOfWork } = this.#options;
    await unitOfWork.transaction((tx) => leases.release(tx, lease));
  }

  async #records(): Promise<ReadonlyMap<string, JobRecord>> {
    return new Map((await this.#options.store.list()).map((record) => [record.name, record]));
  }

  #report(entry: ScheduledJob, record: JobRecord | undefined): JobReport {
    const dueAt = this.#dueAt(entry, record);
    return {
      ...(record ?? { ...neverRun, name: entry.job.name }),
      cron: entry.cron,
      nextAt: Number.isFinite(dueAt) ? Math.max(dueAt, this.#options.now()) : 0,
      heldBack: entry.job.heldBack() ?? '',
    };
  }

  /** When the next run is to begin: what was asked for, left undone, has failed or never ran does not wait long. */
  #dueAt(entry: ScheduledJob, record: JobRecord | undefined): number {
    if (record === undefined || record.requestedAt > 0) return record?.requestedAt ?? this.#plannedAt(entry, record);
    // Its process has died, or has the lease.
    if (record.outcome === 'running') return record.startedAt;
    const plannedAt = this.#plannedAt(entry, record);
    if (record.outcome !== 'failed') return plannedAt;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(record.failures - 1, 20));
    return Math.min(plannedAt, record.endedAt + pauseMs);
  }

  /** By the schedule alone. */
  #plannedAt({ schedule }: ScheduledJob, record: JobRecord | undefined): number {
    const now = this.#options.now();
    const never = schedule.next(now) === undefined;
    if (never) return Number.POSITIVE_INFINITY;
    // A clock that was ahead is no reason to wait until then.
    if (record === undefined || record.startedAt === 0 || record.startedAt > now + clocksDifferMs) return now;
    return schedule.next(record.startedAt) ?? Number.POSITIVE_INFINITY;
  }
}

interface Progress {
  done: number;
  /** As much as the store knows. */
  told: number;
}

const neverRun: Omit<JobRecord, 'name'> = {
  startedAt: 0,
  endedAt: 0,
  outcome: '',
  failure: '',
  failures: 0,
  done: 0,
  holder: '',
  requestedAt: 0,
};

/** Without its text, which may quote what the log alone may have. */
function kindOf(error: unknown): string {
  if (error === undefined) return '';
  if (!(error instanceof Error)) return 'failure';
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.name}${code}`.slice(0, 100);
}

/** After a process that has died another one takes over. */
const leaseMs = 30_000;
/** How soon a process learns that a job was asked for at another, or that one has died. */
const longestLookMs = 15_000;
const shortestLookMs = 50;
const usualRest = 4;
const longestRestMs = 10_000;
/** After a failure. */
const firstPauseMs = 60_000;
const longestPauseMs = 3_600_000;
/** Between the clocks of two processes. */
const clocksDifferMs = 300_000;
