/** One fault after another, each under traffic of its own. */
import { setTimeout as passed } from 'node:timers/promises';
import { type FaultStage, type StageName, stages } from './fault-stage.ts';
import { type FaultName, faults, stageOf } from './faults.ts';
import { Traffic, type TrafficResult } from './traffic.ts';

export interface FaultResult extends TrafficResult {
  readonly fault: FaultName;
  /** Messages that nodes have read from the database because they did not arrive. */
  readonly repaired: number;
}

export const faultNames = Object.keys(faults) as readonly FaultName[];

/** Faults that use up their stage: it is built anew for each. */
const consuming: readonly StageName[] = ['a standby of PostgreSQL', 'ten nodes that start at once'];

export class FaultSuite implements AsyncDisposable {
  #stage: FaultStage | undefined;
  #stageName: StageName | undefined;
  #owned = new AsyncDisposableStack();
  #runs = 0;

  /** @param random what of it the fault leaves to chance */
  async run(fault: FaultName, random: () => number): Promise<FaultResult> {
    const stage = await this.#stageFor(fault);
    const { cluster } = stage;
    const before = await cluster.repairs();
    const name = `f${++this.#runs}x`;
    const traffic = await Traffic.start({ cluster, databaseUrl: () => stage.databaseUrl, name });
    await passed(1500);
    const breaking = faults[fault]({ stage, random });
    await passed(500);
    traffic.oneLeaves();
    await breaking;
    const result = await traffic.finish();
    const after = await cluster.repairs();
    // One that was started again counts from nothing.
    const since = after.map((count, node) => (count < before[node]! ? count : count - before[node]!));
    return { ...result, fault, repaired: since.reduce((sum, count) => sum + count, 0) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }

  async #stageFor(fault: FaultName): Promise<FaultStage> {
    const name = stageOf(fault);
    if (this.#stage !== undefined && this.#stageName === name && !consuming.includes(name)) return this.#stage;
    await this.#owned.disposeAsync();
    this.#owned = new AsyncDisposableStack();
    this.#stage = await stages[name](this.#owned);
    this.#stageName = name;
    return this.#stage;
  }
}
