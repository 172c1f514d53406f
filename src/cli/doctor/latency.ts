/** How long a store takes to answer at best: what the network costs, without what others ask of it. */
import { advice, type Finding, ok } from './finding.ts';

const questions = 5;
/** Every message costs a few round trips, one after another. */
const slowMs = 20;

/** @returns ms */
export async function latencyOf(ask: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let asked = 0; asked < questions; asked += 1) {
    const begunAtMs = performance.now();
    await ask();
    best = Math.min(best, performance.now() - begunAtMs);
  }
  return best;
}

export function checkLatency(subject: string, ms: number): Finding {
  const text = `${ms.toFixed(1)} ms for the fastest of ${questions} answers`;
  if (ms < slowMs) return ok(subject, text);
  return advice(subject, `${text}: each message waits for several`, 'have it nearer to the nodes');
}
