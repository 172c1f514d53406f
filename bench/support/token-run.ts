/** Puts a planned load on one system in real time while its tokens are probed, and collects what shows. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { chooseVictims, policyGroups } from '../../src/tokens/policy.ts';
import { ProbedToken } from './probed-token.ts';
import type { SeededRandom } from './seeded-random.ts';
import { type Spread, spreadOf } from './spread.ts';
import { type PlannedStep, policyOf, type Step } from './token-plan.ts';
import { type ProbeReport, TokenProber } from './token-prober.ts';
import type { Device, Login, TokenSystem } from './token-system.ts';

export interface Findings extends ProbeReport {
  readonly tokens: readonly ProbedToken[];
  /** Logins that were given a token which another login has already. */
  readonly sharedTokens: number;
  /** Logins that kicked other tokens than the policy says. */
  readonly wrongVictims: number;
  /** Steps and probes that failed with something else than a refusal. */
  readonly failures: readonly unknown[];
  readonly eventLoopDelayMs: Spread;
}

export class TokenRun {
  readonly #system: TokenSystem;
  readonly #prober: TokenProber;
  readonly #tokens = new Map<string, ProbedToken>();
  /** Oldest first. */
  readonly #byUser = new Map<string, ProbedToken[]>();
  /** What is under way: for each user one step after the other. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #failures: unknown[] = [];
  /** Users with a call that failed: what it has done nobody knows, so that nothing is concluded from their tokens. */
  readonly #setAside = new Set<string>();
  #sharedTokens = 0;
  #wrongVictims = 0;

  /** @param intervalMs between two probes of a token around its end */
  constructor(system: TokenSystem, intervalMs: number, random: SeededRandom) {
    this.#system = system;
    this.#prober = new TokenProber({
      intervalMs,
      random,
      check: (token) => system.check(token),
      settled: (userID) => this.#underWay.get(userID) ?? Promise.resolve(),
      onFailure: (error) => this.#failures.push(error),
    });
    system.onEnded = (id) => {
      const token = this.#tokens.get(id);
      if (token !== undefined && !token.isEnded) token.endedAt = Date.now();
    };
  }

  /** Resolves when every token has come to its end. */
  async execute(plan: readonly PlannedStep[]): Promise<Findings> {
    const loopDelay = monitorEventLoopDelay({ resolution: 1 });
    loopDelay.enable();
    const startAt = Date.now();
    let next = 0;
    while (next < plan.length || this.#underWay.size > 0 || this.#prober.open > 0) {
      await new Promise((resolve) => setTimeout(resolve, tickMs));
      const elapsedMs = Date.now() - startAt;
      for (; next < plan.length && plan[next]!.dueMs <= elapsedMs && this.#underWay.size < mostUnderWay; next += 1) {
        this.#begin(plan[next]!.step);
      }
      this.#prober.sendDue();
    }
    loopDelay.disable();
    return {
      ...this.#prober.report,
      tokens: [...this.#tokens.values()].filter(({ device }) => !this.#setAside.has(device.userID)),
      sharedTokens: this.#sharedTokens,
      wrongVictims: this.#wrongVictims,
      failures: this.#failures,
      eventLoopDelayMs: spreadOf(loopDelay, 1e6),
    };
  }

  #begin(step: Step): void {
    if (step.kind === 'configure') {
      this.#system.configure(step.lifetimeSeconds);
      return;
    }
    const { userID } = step.device;
    const before = this.#underWay.get(userID) ?? Promise.resolve();
    const work = before
      .then(() => this.#perform(step))
      .catch((error) => {
        this.#failures.push(error);
        this.#setAside.add(userID);
      })
      .finally(() => {
        if (this.#underWay.get(userID) === work) this.#underWay.delete(userID);
      });
    this.#underWay.set(userID, work);
  }

  async #perform(step: Exclude<Step, { kind: 'configure' }>): Promise<void> {
    const { device } = step;
    const newest = this.#newestOf(device);
    switch (step.kind) {
      case 'log in':
        return this.#logIn(device, step.wishSeconds);
      case 'renew':
        if (newest === undefined || !isRenewable(newest, Date.now())) return this.#logIn(device, step.wishSeconds);
        return this.#renew(device, newest, step.wishSeconds);
      case 'revoke':
        if (newest !== undefined) await this.#system.revoke(device, newest.login);
        return;
      case 'force log out':
        return this.#system.forceLogOut(device);
    }
  }

  async #logIn(device: Device, wishSeconds: number | undefined): Promise<void> {
    const sentAt = Date.now();
    const others = this.#tokensOf(device.userID).filter((token) => isCounted(token, sentAt));
    this.#take(device, await this.#system.logIn(device, wishSeconds));
    // Of one that came to its end meanwhile nobody knows whether it was counted.
    const isCertain = others.every(({ login }) => login.endsAt > Date.now());
    if (this.#system.isPredictable && isCertain && !this.#setAside.has(device.userID))
      this.#compareVictims(device, others);
  }

  /** Who is kicked must not be what the system likes: that could hide early deaths. */
  #compareVictims({ userID, platformID }: Device, others: readonly ProbedToken[]): void {
    const contenders = others.map((token, issueOrder) => ({ token, issueOrder, platformID: token.device.platformID }));
    const victims = chooseVictims(policyGroups(policyOf(userID), platformID), contenders);
    const expected = new Set(victims.map(({ token }) => token));
    if (others.some((token) => token.isEnded !== expected.has(token))) this.#wrongVictims += 1;
  }

  async #renew(device: Device, old: ProbedToken, wishSeconds: number | undefined): Promise<void> {
    this.#take(device, await this.#system.renew(device, old.login, wishSeconds));
    old.isReplaced = true;
  }

  /** What a client would renew or an operator revoke. */
  #newestOf({ userID, platformID }: Device): ProbedToken | undefined {
    const soon = Date.now() + 1000;
    return this.#tokensOf(userID).findLast((token) => token.device.platformID === platformID && isCounted(token, soon));
  }

  #take(device: Device, login: Login): void {
    const known = this.#tokens.get(login.id);
    if (known !== undefined) {
      this.#sharedTokens += 1;
      known.endedAt = Number.POSITIVE_INFINITY;
      return;
    }
    const now = Date.now();
    const token = new ProbedToken(device, login, now);
    this.#tokens.set(login.id, token);
    const others = this.#tokensOf(device.userID).filter(({ login }) => login.endsAt > now);
    this.#byUser.set(device.userID, [...others, token]);
    this.#prober.add(token);
  }

  #tokensOf(userID: string): readonly ProbedToken[] {
    return this.#byUser.get(userID) ?? [];
  }
}

/** What has come due since the last look goes out together, which costs less than one by one. */
const tickMs = 4;
/** Users with something under way; beyond that many, what is due waits. */
const mostUnderWay = 500;
/** For as long a renewed token is accepted on. One that has longer to live is not renewed here: that would shorten it. */
const overlapMs = 60_000;
/** A token may be renewed when a hundredth of its life is over, which here is less than that. */
const youngestMs = 1000;

function isRenewable({ issuedAt, login }: ProbedToken, now: number): boolean {
  return now - issuedAt >= youngestMs && login.endsAt - now <= overlapMs;
}

/** Whether the policy counts it as a session at that instant. */
function isCounted({ login, isEnded, isReplaced }: ProbedToken, at: number): boolean {
  return !isEnded && !isReplaced && login.endsAt > at;
}
