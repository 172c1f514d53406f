/**
 * Tokens in Redis or Valkey: one key per token with its own end, and an index per user, all of a user in one slot.
 * Layout: design.md 3 and scripts/token-records.lua. See {@link TokenStore}.
 */
import { readFileSync } from 'node:fs';
import type {
  IssueOutcome,
  IssueRequest,
  TokenEndReason,
  TokenRecord,
  TokenSelector,
  TokenState,
  TokenStore,
} from '../tokens/token-store.ts';
import { type RedisClient, type RedisScript, redisScript } from './client.ts';

export class RedisTokenStore implements TokenStore {
  readonly #redis: RedisClient;
  readonly #clock: () => number;
  readonly #issue = loadScript('issue.lua');
  readonly #kick = loadScript('kick.lua');
  readonly #list = loadScript('list.lua');

  /** @param clock Unix ms; decides what still counts, while the keys end by the clock of Redis. */
  constructor(redis: RedisClient, clock: () => number) {
    this.#redis = redis;
    this.#clock = clock;
  }

  async issue({ record, groups, supersedePlatform }: IssueRequest): Promise<IssueOutcome> {
    const { userID, jti, platformID, issuedAt, expiresAt } = record;
    const reply = await this.#redis.evalScript(
      this.#issue,
      [indexKey(userID), tokenKeyPrefix(userID) + jti],
      [
        tokenKeyPrefix(userID),
        jti,
        String(platformID),
        String(issuedAt),
        String(expiresAt),
        String(supersedePlatform?.acceptedUntil ?? ''),
        JSON.stringify(groups),
      ],
    );
    const [kicked, superseded] = asList(reply);
    return { kicked: toRecords(userID, kicked), superseded: toRecords(userID, superseded) };
  }

  async find(userID: string, jti: string): Promise<TokenRecord | undefined> {
    const value = await this.#redis.get(tokenKeyPrefix(userID) + jti);
    if (value === null) return undefined;
    const { record } = parseToken(userID, jti, value);
    return record.expiresAt <= this.#clock() ? undefined : record;
  }

  async kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
  ): Promise<readonly TokenRecord[]> {
    const platform = 'platformID' in selector ? String(selector.platformID) : '';
    const jtis = 'jtis' in selector ? new Set(selector.jtis) : [];
    const reply = await this.#redis.evalScript(
      this.#kick,
      [indexKey(userID)],
      [tokenKeyPrefix(userID), String(this.#clock()), stateLetters[state], reason, platform, ...jtis],
    );
    return toRecords(userID, reply);
  }

  async list(userID: string): Promise<readonly TokenRecord[]> {
    const now = this.#clock();
    const reply = await this.#redis.evalScript(this.#list, [indexKey(userID)], [tokenKeyPrefix(userID)]);
    return toTokens(userID, reply)
      .sort((a, b) => b.issueOrder - a.issueOrder)
      .map(({ record }) => record)
      .filter((record) => record.expiresAt > now);
  }

  /** Nothing to do: every key goes by its own TTL. */
  async sweepExpired(): Promise<number> {
    return 0;
  }

  ping(): Promise<void> {
    return this.#redis.ping();
  }
}

function indexKey(userID: string): string {
  return `tessera:{${userID}}:tokens`;
}

function tokenKeyPrefix(userID: string): string {
  return `tessera:{${userID}}:token:`;
}

const stateLetters: Readonly<Record<TokenState, string>> = { live: 'l', superseded: 's', kicked: 'k', revoked: 'r' };
const states = new Map(Object.entries(stateLetters).map(([state, letter]) => [letter, state as TokenState]));

function loadScript(name: string): RedisScript {
  const read = (file: string) => readFileSync(new URL(`./scripts/${file}`, import.meta.url), 'utf8');
  return redisScript(`${read('token-records.lua')}\n${read(name)}`);
}

interface StoredToken {
  readonly record: TokenRecord;
  readonly issueOrder: number;
}

function toRecords(userID: string, flat: unknown): TokenRecord[] {
  return toTokens(userID, flat).map(({ record }) => record);
}

/** @param flat jti, value, jti, value, ... */
function toTokens(userID: string, flat: unknown): StoredToken[] {
  const items = asList(flat).map(String);
  const tokens: StoredToken[] = [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    tokens.push(parseToken(userID, items[i] ?? '', items[i + 1] ?? ''));
  }
  return tokens;
}

/** @throws if the value is not one that the scripts write: a fault of the store, not a fact about the token (T5). */
function parseToken(userID: string, jti: string, value: string): StoredToken {
  const [letter = '', platform, issued, expires, order, acceptedUntil, reason = ''] = value.split('|');
  const state = states.get(letter);
  const [platformID, issuedAt, expiresAt] = [Number(platform), Number(issued), Number(expires)];
  if (state === undefined || !Number.isInteger(platformID + issuedAt + expiresAt)) {
    throw new Error('unreadable token record in redis');
  }
  return {
    record: {
      jti,
      userID,
      platformID,
      state,
      reason: reason as TokenRecord['reason'],
      issuedAt,
      expiresAt,
      acceptedUntil: Number(acceptedUntil ?? 0),
    },
    issueOrder: order === '' ? issuedAt : Number(order),
  };
}

function asList(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error('unexpected reply of a token script');
  return reply;
}
