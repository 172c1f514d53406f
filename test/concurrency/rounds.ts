/**
 * Rounds of 64 logins of one user at the same time, by several processes, under one policy. Watched all the while, and
 * counted at the end: never more sessions than the policy allows, never none, the newest always among them, and each
 * victim told of once. Used by issuers.test.ts and bench/concurrency.ts.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type LoginPolicy, loginPolicy, policyNames } from '../../src/tokens/policy.ts';
import type { TokenStore } from '../../src/tokens/token-store.ts';
import { assertAllowed, isLive } from '../contract/support/token-nodes.ts';
import { asAdmin, TestAuthority } from '../support/token-authority.ts';

export const issuersPerRound = 64;
/** So many rounds has a user, before the next one's turn. */
const roundsPerUser = 4;
/** Nothing here lives longer, so that a Redis does not fill up; nothing here takes so long. */
const lifetimeSeconds = 600;

/** What is tried: the four of OpenIM, and rooms that overlap. */
export const triedPolicies: Readonly<Record<string, LoginPolicy>> = {
  ...Object.fromEntries(policyNames.map((name) => [name, loginPolicy(name, 3)])),
  custom: [
    { platforms: [1, 2, 11], size: 2 },
    { platforms: [3, 4, 7, 5], size: 2 },
    { platforms: [1, 2, 5], size: 3 },
  ],
};

/** One round's share of one process. */
export interface Batch {
  readonly userID: string;
  readonly policy: string;
  /** One login each, all at once. */
  readonly platformIDs: readonly number[];
}

export interface Issuers extends AsyncDisposable {
  /** Resolves when all have logged in, with the jtis of the tokens that were ended. */
  logIn(batch: Batch): Promise<readonly string[]>;
}

/** All logins by this process. */
export function issuersHere(store: TokenStore): Issuers {
  const authorities = authoritiesOver(store);
  return { logIn: (batch) => runBatch(authorities, batch), [Symbol.asyncDispose]: async () => {} };
}

/** An equal share of the logins by each of several processes, which have a connection each. @param url of Redis */
export async function issuersElsewhere(url: string, processes: number): Promise<Issuers> {
  const children = await Promise.all(
    Array.from({ length: processes }, async () => {
      const child = fork(new URL('./issuer.ts', import.meta.url), [url]);
      await once(child, 'message');
      return child;
    }),
  );
  const ask = async (child: (typeof children)[number], batch: Batch): Promise<readonly string[]> => {
    const answer = once(child, 'message');
    child.send(batch);
    const [{ ended, error }] = (await answer) as [{ ended: readonly string[]; error?: string }];
    if (error !== undefined) throw new Error(`a process of issuers failed: ${error}`);
    return ended;
  };
  return {
    async logIn({ platformIDs, ...rest }) {
      const share = Math.ceil(platformIDs.length / children.length);
      const batches = children.map((_, i) => ({ ...rest, platformIDs: platformIDs.slice(i * share, (i + 1) * share) }));
      return (await Promise.all(children.map((child, i) => ask(child, batches[i]!)))).flat();
    },
    async [Symbol.asyncDispose]() {
      const exits = children.map((child) => once(child, 'exit'));
      for (const child of children) child.disconnect();
      await Promise.all(exits);
    },
  };
}

export type Authorities = ReadonlyMap<string, TestAuthority>;

/** One for each policy. */
export function authoritiesOver(store: TokenStore): Authorities {
  return new Map(
    Object.entries(triedPolicies).map(([name, policy]) => [name, new TestAuthority(store, { loginPolicy: policy })]),
  );
}

export async function runBatch(authorities: Authorities, { userID, policy, platformIDs }: Batch) {
  const authority = authorities.get(policy);
  assert.ok(authority !== undefined);
  const logIn = (platformID: number) =>
    authority.issueUserToken(asAdmin, { userID, platformID, expireTimeSeconds: lifetimeSeconds });
  await Promise.all(platformIDs.map(logIn));
  authority.takeHeard('tokenIssued');
  return authority.takeHeard('tokensEnded').flatMap(({ jtis }) => jtis);
}

export interface RoundsOutcome {
  readonly rounds: number;
  readonly logins: number;
  /** Looks at the sessions while logins were under way. */
  readonly looks: number;
}

/**
 * @param store to look through, beside the issuers'
 * @throws AssertionError at the first look at which something is wrong
 */
export async function runRounds(
  issuers: Issuers,
  store: TokenStore,
  { policy, rounds }: { policy: string; rounds: number },
): Promise<RoundsOutcome> {
  const rooms = triedPolicies[policy] ?? [];
  let looks = 0;
  const ended = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    if (round % roundsPerUser === 0) ended.clear();
    const userID = `${policy}${Math.floor(round / roundsPerUser)}`;
    const platformIDs = Array.from({ length: issuersPerRound }, (_, i) => userPlatforms[(i * 7 + round) % 10]!);

    let isOver = false;
    const logins = issuers.logIn({ userID, policy, platformIDs }).finally(() => {
      isOver = true;
    });
    const watch = async () => {
      while (!isOver) {
        const { tokens } = await store.list(userID);
        if (tokens.length > 0) assertAllowed(rooms, tokens);
        looks++;
        // A commit waits for its turn of the event loop, which microtasks alone would never let come.
        await new Promise(setImmediate);
      }
    };
    const [jtis] = await Promise.all([logins, watch()]);

    for (const jti of jtis) assert.ok(!ended.has(jti), 'a victim was told of twice');
    for (const jti of jtis) ended.add(jti);
    const { tokens } = await store.list(userID);
    assertAllowed(rooms, tokens);
    assert.equal(tokens.length, issuersPerRound * ((round % roundsPerUser) + 1), 'every login was stored');
    for (const token of tokens) assert.equal(isLive(token), !ended.has(token.jti), 'who was ended was told of');
  }
  return { rounds, logins: rounds * issuersPerRound, looks };
}

const userPlatforms = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11];
