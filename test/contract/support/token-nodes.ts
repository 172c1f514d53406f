/** Two nodes on one token store, with tokens to put in and a clock that the test turns. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type PlatformID, platforms } from '../../../src/protocol/numbers/platforms.ts';
import { newTokenID } from '../../../src/tokens/claims.ts';
import { noCutoffs } from '../../../src/tokens/cutoffs.ts';
import { type LoginPolicy, loginPolicy, policyGroups } from '../../../src/tokens/policy.ts';
import type { FoundToken, IssueRequest, NewToken, TokenRecord, TokenStore } from '../../../src/tokens/token-store.ts';

/** Where only one node is possible, the same one twice. `clock` gives Unix ms. */
export type OpenTokenStores = (clock: () => number) => readonly [TokenStore, TokenStore];

export const hourMs = 3_600_000;
const onePerPlatform = loginPolicy('one-per-platform', 0);

export class TokenNodes {
  readonly nodes: readonly [TokenStore, TokenStore];
  readonly store: TokenStore;
  readonly peer: TokenStore;
  /** Unix ms. */
  now = 0;

  constructor(t: TestContext, open: OpenTokenStores) {
    this.nodes = open(() => this.now);
    [this.store, this.peer] = this.nodes;
    t.beforeEach(() => {
      // Begins at the real time, because Redis ends its keys by its own clock; no token here really expires.
      this.now = Math.ceil(Date.now() / 1000) * 1000;
    });
  }

  newUser(): string {
    return `user_${randomBytes(6).toString('hex')}`;
  }

  tokenOf(userID: string, fields: Partial<NewToken> = {}): NewToken {
    return {
      jti: newTokenID(randomBytes),
      userID,
      platformID: platforms.IOS,
      issuedAt: this.now,
      expiresAt: this.now + hourMs,
      deviceName: '',
      ...fields,
    };
  }

  /** Issues under a policy; by default one session per platform. */
  async issue(
    record: NewToken,
    { policy = onePerPlatform, on = this.store, ...rest }: Partial<IssueRequest> & IssueOptions = {},
  ) {
    const groups = policyGroups(policy, record.platformID as PlatformID);
    return { record, ...(await on.issue({ record, groups, everyonesCutoffs: noCutoffs, ...rest })) };
  }

  /** Issues without ending any other. */
  async issueBeside(record: NewToken): Promise<NewToken> {
    assert.equal((await this.issue(record, { policy: [] })).isIssued, true);
    return record;
  }

  /** As an admin token is issued: the live ones of the platform are superseded. */
  issueAdmin(record: NewToken, acceptedUntil: number) {
    return this.issue(record, { policy: [], supersede: { which: 'platform', acceptedUntil } });
  }

  /** As a token is renewed. */
  renew(jti: string, record: NewToken, acceptedUntil: number, on = this.store) {
    return this.issue(record, { policy: [], on, supersede: { which: { jti }, acceptedUntil } });
  }

  /** As the other node has it. */
  find(token: NewToken): Promise<FoundToken> {
    return this.peer.find(token);
  }

  async stateOf(token: NewToken): Promise<TokenRecord['state'] | undefined> {
    return (await this.find(token)).record?.state;
  }

  async tokensOf(userID: string): Promise<readonly TokenRecord[]> {
    return (await this.store.list(userID)).tokens;
  }
}

interface IssueOptions {
  readonly policy?: LoginPolicy;
  readonly on?: TokenStore;
}

/** Never more sessions than there is room for, never none, and always the newest. */
export function assertAllowed(policy: LoginPolicy, newestFirst: readonly TokenRecord[]): void {
  const live = newestFirst.filter(isLive);
  assert.equal(live[0], newestFirst[0], 'the newest is live');
  assert.ok(live.length > 0);
  for (const { platforms: members, size } of policy) {
    const sessions = live.filter(({ platformID }) => (members as readonly number[]).includes(platformID)).length;
    assert.ok(size <= 0 || sessions <= size, `${sessions} sessions in ${members}`);
  }
}

export function isLive(token: TokenRecord): boolean {
  return token.state === 'live';
}

/** What a store knows of a token that was just issued. */
export function liveRecord(token: NewToken): TokenRecord {
  return { ...token, state: 'live', reason: '', acceptedUntil: 0, lastSeenAt: 0 };
}

export function namesOf(tokens: readonly { readonly jti: string }[]): string[] {
  return tokens.map(({ jti }) => jti).sort();
}

/** Whole numbers below `bound`, the same in every run. */
export function seededRandom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
