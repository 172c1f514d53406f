/**
 * Several servers of one machine on the same two ports. The first process answers nobody: it starts the others, starts
 * again what dies, and stops them all.
 */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import { workerPlaceName } from '../config/env.ts';

export interface WorkersOptions {
  readonly count: number;
  /** Resolves with the signal that asks to stop. */
  readonly stop: Promise<NodeJS.Signals>;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

const reloadOrder = 'reload';

/** A worker that has lived so long did not die of its start. */
const settledAfterMs = 60_000;
const firstPauseMs = 200;
const longestPauseMs = 10_000;

/** @returns the exit code, when all have ended: that of the first that could not be started, if there was one */
export async function runWorkers({ count, stop, log }: WorkersOptions): Promise<number> {
  const stopping = new AbortController();
  const workers = new Set<Worker>();
  process.on('SIGHUP', () => {
    for (const worker of workers) if (worker.isConnected()) worker.send(reloadOrder);
  });
  void stop.then((signal) => {
    log({ signal, msg: 'stopping all workers' });
    stopping.abort();
    stopAll(workers);
  });
  const codes = await Promise.all(
    Array.from({ length: count }, (_, index) => keepWorker({ index, workers, stopping, log }).catch(() => 1)),
  );
  return codes.find((code) => code !== 0) ?? 0;
}

interface Place {
  readonly index: number;
  readonly workers: Set<Worker>;
  readonly stopping: AbortController;
  readonly log: WorkersOptions['log'];
}

/** Starts a worker, and another one whenever it ends without having been told to. */
async function keepWorker({ index, workers, stopping, log }: Place): Promise<number> {
  const { signal } = stopping;
  let hasServed = false;
  for (let failures = 0; ; failures++) {
    const startedAtMs = performance.now();
    const worker = cluster.fork({ [workerPlaceName]: String(index) });
    workers.add(worker);
    worker.once('listening', () => {
      hasServed = true;
    });
    const { promise: ended, resolve } = Promise.withResolvers<number>();
    worker.once('exit', (code) => resolve(code ?? 1));
    const code = await ended;
    workers.delete(worker);
    if (signal.aborted) return code;
    if (!hasServed) {
      // It would not start the next time either: the others are of no use without what it has said.
      stopping.abort();
      stopAll(workers);
      return code === 0 ? 1 : code;
    }
    if (performance.now() - startedAtMs > settledAfterMs) failures = 0;
    const pauseMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
    log({ worker: index, code, pauseMs, msg: 'a worker has died: starting another' });
    await delay(pauseMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return 0;
  }
}

/** By signal, which ends one that has not begun to listen to us, too. */
function stopAll(workers: ReadonlySet<Worker>): void {
  for (const worker of workers) worker.process.kill('SIGTERM');
}

/** Whether this process is a worker of another one. */
export function isWorker(): boolean {
  return cluster.isWorker;
}

/** A worker that has nothing more to do is not kept by its channel to the first process. */
export function leave(): void {
  cluster.worker?.disconnect();
}

/** In a worker: calls back when the first process is told to have the signing keys read again. */
export function onReload(listener: () => void): void {
  process.on('message', (message) => {
    if (message === reloadOrder) listener();
  });
}
