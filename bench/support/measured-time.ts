/** A stretch of time in which something is measured, by who generates the load: on a busy machine two clocks drift apart. */
import { setTimeout as passed } from 'node:timers/promises';
import { cpuSecondsOf } from './child.ts';

export interface MeasurePlan {
  /** The process that is measured. */
  readonly serverPid: number;
  readonly warmUpMs: number;
  /** So many have to be done before it counts, so that what is measured has been compiled; not waited for for ever. */
  readonly warmUpCount: number;
  readonly measureMs: number;
}

/** What was spent while it was measured. */
export interface Spent {
  readonly ms: number;
  readonly serverCpuSeconds: number;
  readonly clientsCpuSeconds: number;
}

const mostWarmUpMs = 15_000;

/** Resolves when it counts. */
export async function warmedUp({ warmUpMs, warmUpCount }: MeasurePlan, done: () => number): Promise<void> {
  const startedAt = performance.now();
  await passed(warmUpMs);
  while (done() < warmUpCount && performance.now() - startedAt < mostWarmUpMs) await passed(50);
}

export async function measured({ serverPid, measureMs }: MeasurePlan): Promise<Spent> {
  cpuSecondsOf(serverPid);
  const startedAt = performance.now();
  const before = [cpuSecondsOf(serverPid), cpuSecondsOf(process.pid)] as const;
  await passed(measureMs);
  const ms = performance.now() - startedAt;
  return {
    ms,
    serverCpuSeconds: cpuSecondsOf(serverPid) - before[0],
    clientsCpuSeconds: cpuSecondsOf(process.pid) - before[1],
  };
}
