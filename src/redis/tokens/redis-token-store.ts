/**
 * Tokens in Redis or Valkey: one key per token with its own end, and an index per user, all of a user in one slot.
 * Layout: design.md 3 and scripts/token-records.lua. See {@link TokenStore}.
 */
import { type Cutoffs, formatCutoffs, parseCutoffs } from '../../tokens/cutoffs.ts';
import { StoreFault } from '../../tokens/store-outage.ts';
import type {
  FoundToken,
  IssueOutcome,
  IssueRequest,
  LossCause,
  TokenChangeListener,
  TokenEndReason,
  TokenKey,
  TokenRecord,
  TokenSelector,
  TokenStore,
  UserTokens,
} from '../../tokens/token-store.ts';
import type { RedisClient } from '../client/client.ts';
import { countLiveTokens } from './count-live.ts';
import { explainLoss } from './explain-loss.ts';
import { loadScript } from './load-script.ts';
import { TokenFeed } from './token-feed.ts';
import { cutoffsKey, everyonesCutoffsKey, indexKey, tokenKeyPrefix } from './token-keys.ts';
import { formatToken, issueOrderOf, parseToken, stateLetters } from './token-value.ts';
import { type OnUnreadable, UnreadableRecords } from './unreadable-records.ts';

export class RedisTokenStore implements TokenStore {
  readonly #redis: RedisClient;
  readonly #clock: () => number;
  readonly #unreadable: UnreadableRecords;
  readonly #scripts = {
    issue: loadScript('tokens/scripts/issue.lua'),
    kick: loadScript('tokens/scripts/kick.lua'),
    list: loadScript('tokens/scripts/list.lua'),
    adopt: loadScript('tokens/scripts/adopt.lua'),
    touch: loadScript('tokens/scripts/touch.lua'),
    cutOff: loadScript('tokens/scripts/cut-off.lua'),
  };

  /**
   * @param clock Unix ms; decides what still counts, while the keys end by the clock of Redis
   * @param onUnreadable hears once of each record that nobody can read: such a token is not accepted, and the others of
   * its user are served as if it were not there
   */
  constructor(redis: RedisClient, clock: () => number, onUnreadable: OnUnreadable = () => {}) {
    this.#redis = redis;
    this.#clock = clock;
    this.#unreadable = new UnreadableRecords(onUnreadable);
  }

  async issue({ record, groups, supersede, everyonesCutoffs }: IssueRequest): Promise<IssueOutcome> {
    const { userID, jti, platformID, issuedAt, expiresAt, deviceName } = record;
    const renewed = supersede === undefined || supersede.which === 'platform' ? '' : supersede.which.jti;
    const reply = await this.#redis.evalScript(
      this.#scripts.issue,
      [indexKey(userID), tokenKeyPrefix(userID) + jti, cutoffsKey(userID)],
      [
        tokenKeyPrefix(userID),
        userID,
        jti,
        String(platformID),
        String(issuedAt),
        String(expiresAt),
        encodeURIComponent(deviceName),
        String(supersede?.acceptedUntil ?? ''),
        renewed,
        JSON.stringify(groups),
        formatCutoffs(everyonesCutoffs),
      ],
    );
    const [isIssued, kicked = [], superseded = [], unreadable = []] = asList(reply);
    this.#unreadable.report(userID, unreadable);
    return {
      isIssued: isIssued === 1,
      kicked: this.#toRecords(userID, kicked),
      superseded: this.#toRecords(userID, superseded),
    };
  }

  async find({ userID, jti, expiresAt }: TokenKey): Promise<FoundToken> {
    const [value, cutoffs] = await this.#redis.mget([tokenKeyPrefix(userID) + jti, cutoffsKey(userID)]);
    const isGone = value === null || value === undefined || expiresAt <= this.#clock();
    return {
      record: isGone ? undefined : this.#read({ userID, jti, expiresAt }, value),
      cutoffs: parseCutoffs(cutoffs ?? ''),
    };
  }

  async kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
  ): Promise<readonly TokenRecord[]> {
    const platforms = 'platformIDs' in selector ? selector.platformIDs : [];
    const jtis = 'jtis' in selector ? new Set(selector.jtis) : [selector.exceptJti ?? ''];
    if ('platformIDs' in selector && platforms.length === 0) return [];
    const reply = await this.#redis.evalScript(
      this.#scripts.kick,
      [indexKey(userID)],
      [
        tokenKeyPrefix(userID),
        userID,
        String(this.#clock()),
        stateLetters[state],
        reason,
        platforms.join(','),
        ...jtis,
      ],
    );
    const [ended, unreadable] = asList(reply);
    this.#unreadable.report(userID, unreadable);
    return this.#toRecords(userID, ended);
  }

  async list(userID: string): Promise<UserTokens> {
    const now = this.#clock();
    const keys = [indexKey(userID), cutoffsKey(userID)];
    const [flat, cutoffs] = asList(await this.#redis.evalScript(this.#scripts.list, keys, [tokenKeyPrefix(userID)]));
    const tokens = this.#toTokens(userID, flat)
      .sort((a, b) => b.issueOrder - a.issueOrder)
      .map(({ record }) => record)
      .filter((record) => record.expiresAt > now);
    return { tokens, cutoffs: parseCutoffs(String(cutoffs)) };
  }

  async cutOff(userID: string, platformID: number, notBefore: number, keepUntil: number): Promise<boolean> {
    const keys = userID === '' ? [everyonesCutoffsKey] : [cutoffsKey(userID), indexKey(userID)];
    const args = [userID, String(platformID), String(notBefore), String(keepUntil)];
    return (await this.#redis.evalScript(this.#scripts.cutOff, keys, args)) === 1;
  }

  async everyonesCutoffs(): Promise<Cutoffs> {
    return parseCutoffs((await this.#redis.get(everyonesCutoffsKey)) ?? '');
  }

  async adopt(record: TokenRecord): Promise<TokenRecord | undefined> {
    const { userID, jti, expiresAt } = record;
    const reply = await this.#redis.evalScript(
      this.#scripts.adopt,
      [indexKey(userID), tokenKeyPrefix(userID) + jti],
      [tokenKeyPrefix(userID), jti, formatToken(record), String(expiresAt)],
    );
    return reply === '' ? undefined : this.#read(record, String(reply));
  }

  async touch(userID: string, jtis: readonly string[], seenAt: number): Promise<void> {
    const keys = jtis.map((jti) => tokenKeyPrefix(userID) + jti);
    await this.#redis.evalScript(this.#scripts.touch, keys, [seenAt.toString(36)]);
  }

  countLive(): Promise<ReadonlyMap<number, number>> {
    return countLiveTokens(this.#redis);
  }

  explainLoss(userID: string, issuedAt: number): Promise<LossCause> {
    return explainLoss(this.#redis, tokenKeyPrefix(userID), issuedAt, this.#clock());
  }

  watch(listener: TokenChangeListener): Promise<AsyncDisposable> {
    return TokenFeed.open(this.#redis, listener);
  }

  /** Nothing to do: every key goes by its own TTL. */
  async sweepExpired(): Promise<number> {
    return 0;
  }

  ping(): Promise<void> {
    return this.#redis.ping();
  }

  /** @throws for a value that is not ours: a fault of the store, not a fact about the token (T5) */
  #read(token: TokenKey, value: string): TokenRecord {
    const record = parseToken(token, value);
    if (record !== undefined) return record;
    this.#unreadable.report(token.userID, [token.jti]);
    throw new StoreFault('unreadable token record in redis');
  }

  #toRecords(userID: string, flat: unknown): TokenRecord[] {
    return this.#toTokens(userID, flat).map(({ record }) => record);
  }

  /** @param flat jti, value, exp in ms, jti, ... */
  #toTokens(userID: string, flat: unknown): StoredToken[] {
    const items = asList(flat).map(String);
    const tokens: StoredToken[] = [];
    for (let i = 0; i + 2 < items.length; i += 3) {
      const [jti = '', value = '', expiresAt] = items.slice(i, i + 3);
      const record = parseToken({ userID, jti, expiresAt: Number(expiresAt) }, value);
      if (record === undefined) this.#unreadable.report(userID, [jti]);
      else tokens.push({ record, issueOrder: issueOrderOf(value) });
    }
    return tokens;
  }
}

interface StoredToken {
  readonly record: TokenRecord;
  readonly issueOrder: number;
}

function asList(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error('unexpected reply of a token script');
  return reply;
}
