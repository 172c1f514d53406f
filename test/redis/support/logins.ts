/** Users who log in again and again, on several nodes at once, while Redis is being broken under them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { platforms } from '../../../src/protocol/numbers/platforms.ts';
import { newTokenID } from '../../../src/tokens/claims.ts';
import { noCutoffs } from '../../../src/tokens/cutoffs.ts';
import { loginPolicy, policyGroups } from '../../../src/tokens/policy.ts';
import type { NewToken, TokenStore } from '../../../src/tokens/token-store.ts';
import { untilTrue } from '../../support/services/redis-command.ts';

const hourMs = 3_600_000;
/** Between logins of one user on one node, so that none becomes a busy loop when it is refused at once. */
const LOGIN_PAUSE_MS = 10;
/** One session per platform, and all log in on the same one: so one in all. */
const onePerUser = policyGroups(loginPolicy('one-per-platform', 0), platforms.IOS);

function newToken(userID: string): NewToken {
  const now = Date.now();
  return {
    jti: newTokenID(randomBytes),
    userID,
    platformID: platforms.IOS,
    issuedAt: now,
    expiresAt: Math.ceil(now / 1000) * 1000 + hourMs,
    deviceName: '',
  };
}

/** @returns the token, which is now the user's only live one */
export async function logIn(store: TokenStore, userID: string): Promise<NewToken> {
  const record = newToken(userID);
  const { isIssued } = await store.issue({ record, groups: onePerUser, everyonesCutoffs: noCutoffs });
  assert.ok(isIssued);
  return record;
}

export class Logins {
  readonly acknowledged: NewToken[] = [];
  readonly failures: unknown[] = [];
  readonly #nodes: readonly TokenStore[];
  readonly #userIDs: readonly string[];
  readonly #running: Promise<void>[];
  /** Loops that are yet to succeed once, for each who waits for that. */
  readonly #waiting = new Set<Set<number>>();
  #isStopped = false;

  /** Starts: each user logs in on all nodes at once, again and again. */
  constructor(nodes: readonly TokenStore[], userCount = 8) {
    this.#nodes = nodes;
    this.#userIDs = Array.from({ length: userCount }, () => `user_${randomBytes(6).toString('hex')}`);
    const loops = this.#userIDs.flatMap((userID) => nodes.map((node) => ({ node, userID })));
    this.#running = loops.map(({ node, userID }, loop) => this.#keepLoggingIn(node, userID, loop));
  }

  /** Resolves when so many more have been acknowledged. */
  async untilMore(count: number): Promise<void> {
    const goal = this.acknowledged.length + count;
    await untilTrue(`${count} more logins`, async () => this.acknowledged.length >= goal);
  }

  /** Resolves when every user has logged in on every node once more. */
  async untilEveryone(): Promise<void> {
    const waiting = new Set(this.#running.keys());
    this.#waiting.add(waiting);
    await untilTrue('a login of every user on every node', async () => waiting.size === 0);
    this.#waiting.delete(waiting);
  }

  /** Resolves when so many more have failed. */
  async untilMoreFailures(count: number): Promise<void> {
    const goal = this.failures.length + count;
    await untilTrue(`${count} more failures`, async () => this.failures.length >= goal);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  /** T3: of each user exactly one token is live, the newest that is stored; whatever happened, nothing is half done. */
  async assertWhole(): Promise<void> {
    for (const userID of this.#userIDs) {
      for (const node of this.#nodes) {
        const { tokens } = await node.list(userID);
        assert.ok(tokens.length > 0, `${userID} has tokens`);
        const states = tokens.map(({ state }) => state);
        assert.deepEqual(
          states,
          ['live', ...states.slice(1).fill('kicked')],
          `${userID} has one live token, the newest`,
        );
      }
    }
  }

  /** Every login that was acknowledged is remembered, live or kicked. */
  async assertNothingForgotten(): Promise<void> {
    const [node] = this.#nodes as [TokenStore];
    const isRemembered = async (token: NewToken) => {
      const { record } = await node.find(token);
      assert.ok(record !== undefined, 'an acknowledged token is gone');
      assert.equal(record.expiresAt, token.expiresAt);
    };
    // Side by side: they share round trips.
    for (let start = 0; start < this.acknowledged.length; start += 100) {
      await Promise.all(this.acknowledged.slice(start, start + 100).map(isRemembered));
    }
  }

  async #keepLoggingIn(node: TokenStore, userID: string, loop: number): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.acknowledged.push(await logIn(node, userID));
        for (const waiting of this.#waiting) waiting.delete(loop);
      } catch (error) {
        this.failures.push(error);
      }
      await delay(LOGIN_PAUSE_MS);
    }
  }
}
