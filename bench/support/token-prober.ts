/** Asks of every token again and again whether it is accepted: now and then in its life, densely around its promised end. */
import { createHistogram } from 'node:perf_hooks';
import type { Probe, ProbedToken } from './probed-token.ts';
import type { SeededRandom } from './seeded-random.ts';
import { type Spread, spreadOf } from './spread.ts';
import { TimingWheel } from './timing-wheel.ts';

export interface ProberOptions {
  /** Between two probes of a token around its end. */
  readonly intervalMs: number;
  readonly random: SeededRandom;
  /** @returns 0 if the token is accepted now, else the protocol's code for the refusal */
  readonly check: (token: string) => Promise<number>;
  /** Resolves when what is under way for the user, and may have ended tokens, is done. */
  readonly settled: (userID: string) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export interface ProbeReport {
  readonly probes: number;
  /** How often each code was answered: for early deaths, for ended tokens before their end, for all from it on. */
  readonly codesOfEarly: ReadonlyMap<number, number>;
  readonly codesOfEnded: ReadonlyMap<number, number>;
  readonly codesOfExpired: ReadonlyMap<number, number>;
  /** Probes that were not sent, because too many were waiting for their answers: the machine was too busy. */
  readonly leftOut: number;
  /** From when a probe was due until it was sent. */
  readonly delayMs: Spread;
  readonly answerMs: Spread;
}

/** Before and after its promised end, in which a token is probed at every interval. */
export const windowMs = 2000;
/** Before that it is probed once in so long. */
const outsideEveryMs = 5000;

/**
 * Share of the interval that regular probes stay away from the end, so that one which the machine holds up a little
 * still falls on its side of it.
 */
const guard = 0.25;
/** One token in so many gets two more probes: a few ms before its end, and at it. */
const closeProbeShare = 16;
const closeMs = 20;
/** So long after its end it is to be refused for good: from then on, or once it is kicked, fewer probes do. */
export const denseAfterEndMs = 600;
/** Only at every so many intervals. */
const refusedStride = 5;

/** Beyond that many probes without an answer none is sent: a busy machine makes the result less exact, never wrong. */
const mostUnanswered = 2000;
/** Longest time that a probe is planned ahead. */
const horizonMs = 2 ** 17;

export class TokenProber {
  readonly #options: ProberOptions;
  readonly #wheel = new TimingWheel<DueProbe>(Date.now(), horizonMs);
  readonly #delayMs = createHistogram();
  readonly #answerMs = createHistogram();
  readonly #codesOfEarly = new Map<number, number>();
  readonly #codesOfEnded = new Map<number, number>();
  readonly #codesOfExpired = new Map<number, number>();
  #probes = 0;
  #leftOut = 0;
  #unanswered = 0;
  #open = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Probes that are due some time or under way. */
  get open(): number {
    return this.#open;
  }

  get report(): ProbeReport {
    return {
      probes: this.#probes,
      leftOut: this.#leftOut,
      codesOfEarly: this.#codesOfEarly,
      codesOfEnded: this.#codesOfEnded,
      codesOfExpired: this.#codesOfExpired,
      delayMs: spreadOf(this.#delayMs),
      answerMs: spreadOf(this.#answerMs),
    };
  }

  add(token: ProbedToken): void {
    const { intervalMs, random } = this.#options;
    const { endsAt } = token.login;
    const now = Date.now();
    const windowAt =
      endsAt - Math.floor(windowMs / intervalMs) * intervalMs + random.between(guard, 1 - guard) * intervalMs;
    const missed = Math.max(0, Math.ceil((now - windowAt) / intervalMs));
    const outsideAt = now + random.next() * outsideEveryMs;
    this.#plan({ token, windowAt, dueAt: outsideAt < windowAt ? outsideAt : windowAt + missed * intervalMs });
    if (random.integer(1, closeProbeShare) > 1) return;
    this.#plan({ token, dueAt: endsAt - random.integer(2, closeMs) });
    this.#plan({ token, dueAt: endsAt });
  }

  sendDue(): void {
    for (const probe of this.#wheel.turn(Date.now())) {
      if (this.#unanswered < mostUnanswered) void this.#send(probe);
      else this.#leaveOut(probe);
    }
  }

  #plan(probe: DueProbe): void {
    this.#open += 1;
    this.#wheel.add(probe.dueAt, probe);
  }

  #planNext({ token, windowAt, dueAt }: DueProbe): void {
    if (windowAt === undefined) return;
    const { endsAt } = token.login;
    const isToBeRefused = token.isEnded || dueAt > endsAt + denseAfterEndMs;
    const strideMs = this.#options.intervalMs * (isToBeRefused ? refusedStride : 1);
    const next = dueAt < windowAt ? Math.min(dueAt + outsideEveryMs, windowAt) : dueAt + strideMs;
    // What a stalled machine has missed is not made up for.
    const missed = Math.max(0, Math.floor((Date.now() - next) / strideMs));
    const nextAt = next + missed * strideMs;
    if (nextAt < endsAt + windowMs) this.#plan({ token, windowAt, dueAt: nextAt });
  }

  async #send(due: DueProbe): Promise<void> {
    this.#unanswered += 1;
    const probe = await this.#ask(due).finally(() => {
      this.#unanswered -= 1;
    });
    if (probe !== undefined) await this.#judge(due.token, probe);
    this.#planNext(due);
    this.#open -= 1;
  }

  async #ask({ token, dueAt }: DueProbe): Promise<Probe | undefined> {
    const sentAt = Date.now();
    try {
      const code = await this.#options.check(token.login.token);
      const receivedAt = Date.now();
      this.#probes += 1;
      this.#delayMs.record(Math.max(1, Math.round(sentAt - dueAt)));
      this.#answerMs.record(Math.max(1, receivedAt - sentAt));
      return { sentAt, receivedAt, code };
    } catch (error) {
      this.#options.onFailure(error);
      return undefined;
    }
  }

  #leaveOut(due: DueProbe): void {
    this.#leftOut += 1;
    this.#planNext(due);
    this.#open -= 1;
  }

  async #judge(token: ProbedToken, probe: Probe): Promise<void> {
    const { endsAt } = token.login;
    if (probe.code === 0) return token.accepted(probe);
    if (probe.sentAt >= endsAt) count(this.#codesOfExpired, probe.code);
    if (!token.refused(probe)) return;
    if (!token.isEnded) await this.#options.settled(token.device.userID);
    count(token.isEnded ? this.#codesOfEnded : this.#codesOfEarly, probe.code);
    if (!token.isEnded) token.diedEarly(probe);
  }
}

interface DueProbe {
  readonly token: ProbedToken;
  readonly dueAt: number;
  /** When the token's dense probes begin; absent for an extra one that no other follows. */
  readonly windowAt?: number;
}

function count(counts: Map<number, number>, code: number): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
