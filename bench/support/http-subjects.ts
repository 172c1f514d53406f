/** Routes under load, one after the other and in turns, and the table of what each request cost its server. */
import type { ChildProcess } from 'node:child_process';
import { cpuSecondsOf, nextMessage, startChild } from './child.ts';
import type { HttpOrder, HttpResult } from './http-load.ts';
import { median, whole } from './numbers.ts';
import { printTable } from './table.ts';

export interface Subject {
  readonly name: string;
  /** The subject that its CPU is compared with. */
  readonly floor?: string;
  /** At most so many times the CPU of its floor. */
  readonly aim?: string;
  /** Of the server. */
  readonly pid: number;
  readonly order: Omit<HttpOrder, 'requests' | 'seconds'>;
  /** Requests before each round that do not count, such as those that fill a cache whose entries do not last. */
  readonly primer?: number;
}

/** A fixed number of requests, so that a busy machine does not measure code that is still cold. */
export interface Rounds {
  readonly rounds: number;
  readonly requests: number;
  readonly warmUp: number;
}

interface Round {
  readonly perSecond: number;
  /** CPU of the server, user and system, per request. */
  readonly micros: number;
  /** CPU of the clients: near 1 they are what limits the rate. */
  readonly loadShare: number;
}

const longestRoundSeconds = 10;

/** Loads one route with a child process of its own. */
export class LoadedRoutes implements Disposable {
  readonly #load: ChildProcess = startChild(new URL('./http-load.ts', import.meta.url));

  async round({ pid, order, name }: Subject, requests: number): Promise<Round> {
    const load = this.#load;
    const [serverBefore, loadBefore] = [cpuSecondsOf(pid), cpuSecondsOf(load.pid!)];
    load.send({ ...order, requests, seconds: longestRoundSeconds } satisfies HttpOrder);
    const { requests: answered, elapsedMs, failures, firstFailure } = await nextMessage<HttpResult>(load);
    if (failures > 0) throw new Error(`${name}: ${failures} requests failed, such as ${firstFailure}`);
    return {
      perSecond: (answered * 1000) / elapsedMs,
      micros: ((cpuSecondsOf(pid) - serverBefore) * 1e6) / answered,
      loadShare: ((cpuSecondsOf(load.pid!) - loadBefore) * 1000) / elapsedMs,
    };
  }

  async compare(title: string, subjects: readonly Subject[], { rounds, requests, warmUp }: Rounds) {
    const results = new Map<string, Round[]>(subjects.map(({ name }) => [name, []]));
    for (const subject of subjects) await this.round(subject, warmUp);
    for (let round = 0; round < rounds; round += 1) {
      for (const subject of subjects) {
        if (subject.primer !== undefined) await this.round(subject, subject.primer);
        results.get(subject.name)?.push(await this.round(subject, requests));
      }
    }
    report(
      `${title}, the routes in turns, median of ${rounds} rounds of ${whole(requests)} requests`,
      subjects,
      results,
    );
  }

  [Symbol.dispose](): void {
    this.#load.disconnect();
  }
}

function report(title: string, subjects: readonly Subject[], results: ReadonlyMap<string, readonly Round[]>): void {
  const medianOf = (name: string, figure: keyof Round) =>
    median((results.get(name) ?? []).map((round) => round[figure]));
  printTable(
    title,
    ['', 'server CPU µs', 'times its floor', 'aim', 'per second', 'clients CPU %'],
    subjects.map(({ name, floor, aim = '' }) => [
      name,
      medianOf(name, 'micros').toFixed(0),
      floor === undefined ? '' : (medianOf(name, 'micros') / medianOf(floor, 'micros')).toFixed(2),
      aim,
      whole(medianOf(name, 'perSecond')),
      whole(medianOf(name, 'loadShare') * 100),
    ]),
  );
}
