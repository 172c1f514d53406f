/**
 * Tokens in Redis or Valkey: one key per token with its own end, and an index per user, all of a user in one slot.
 * Layout: design.md 3 and scripts/token-records.lua. See {@link TokenStore}.
 */
import { type Cutoffs, formatCutoffs, parseCutoffs } from '../../tokens/cutoffs.ts';
import { StoreFault } from '../../tokens/store-outage.ts';
import {
  type FoundToken,
  firstTokens,
  type IssueOutcome,
  type IssueRequest,
  type LossCause,
  type TokenChange,
  type TokenChangeListener,
  type TokenEndReason,
  type TokenKey,
  type TokenPage,
  type TokenPlace,
  type TokenRecord,
  type TokenSelector,
  type TokenStore,
  type TokenWatch,
  type UserTokens,
} from '../../tokens/token-store.ts';
import type { RedisClient } from '../client/client.ts';
import { countLiveTokens } from './count-live.ts';
import { explainLoss } from './explain-loss.ts';
import { loadScript } from './load-script.ts';
import { TokenFeed } from './token-feed.ts';
import {
  changesChannel,
  cutoffsKey,
  everyonesCutoffsKey,
  liveTokensKey,
  tokenKeyPrefix,
  tokenSetKeys,
} from './token-keys.ts';
import { formatToken, issueOrderOf, parseToken, stateLetters } from './token-value.ts';
import { type OnUnreadable, UnreadableRecords } from './unreadable-records.ts';

export class RedisTokenStore implements TokenStore {
  readonly #redis: RedisClient;
  readonly #clock: () => number;
  readonly #unreadable: UnreadableRecords;
  /** A policy comes with every login and never changes. */
  readonly #groupTexts = new WeakMap<IssueRequest['groups'], string>();
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
    const { userID, jti, platformID, issuedAt, expiresAt, deviceName, keyMark = '' } = record;
    const renewed = supersede === undefined || supersede.which === 'platform' ? '' : supersede.which.jti;
    const reply = await this.#redis.evalScript(
      this.#scripts.issue,
      [...tokenSetKeys(userID), tokenKeyPrefix(userID) + jti, cutoffsKey(userID)],
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
        this.#groupsJson(groups),
        formatCutoffs(everyonesCutoffs),
        keyMark,
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

  #groupsJson(groups: IssueRequest['groups']): string {
    const known = this.#groupTexts.get(groups);
    if (known !== undefined) return known;
    const text = JSON.stringify(groups);
    this.#groupTexts.set(groups, text);
    return text;
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
    const meant = { userID, reason, state };
    if ('jtis' in selector) return this.#kickNamed(selector.jtis, { ...meant, platformIDs: [], exceptJti: '' });
    const { platformIDs, exceptJti = '' } = selector;
    if (platformIDs.length === 0) return [];
    const { ended, left } = await this.#kick({ ...meant, platformIDs, exceptJti }, 'all');
    return [...ended, ...(await this.#kickNamed(left, { ...meant, platformIDs, exceptJti }))];
  }

  async list(userID: string, { after, limit }: TokenPage = firstTokens): Promise<UserTokens> {
    const now = this.#clock();
    const keys = [...tokenSetKeys(userID), cutoffsKey(userID)];
    const live: StoredToken[] = [];
    const past: StoredToken[] = [];
    let passed = 0;
    let [order, jti] = [after === undefined ? '+inf' : String(after.issueOrder), after?.jti ?? ''];
    let isPastLeft = true;
    let cutoffs = '';
    while (passed >= 0 || (isPastLeft && past.length <= limit)) {
      const wanted: number = isPastLeft ? limit + 1 - past.length : 0;
      const args = [tokenKeyPrefix(userID), String(Math.max(passed, 0)), order, jti, String(wanted)];
      const reply = asList(await this.#redis.evalScript(this.#scripts.list, keys, args));
      if (reply.length === 0) continue;
      const [liveFlat, nextPassed, pastFlat, nextOrder, nextJti, text] = reply;
      if (passed >= 0) live.push(...this.#toTokens(userID, liveFlat));
      past.push(...this.#toTokens(userID, pastFlat));
      passed = Number(nextPassed);
      isPastLeft = wanted > 0 ? nextOrder !== '' : isPastLeft;
      if (isPastLeft && wanted > 0) [order, jti] = [String(nextOrder), String(nextJti)];
      cutoffs = String(text);
    }
    const sorted = [...live.filter(isAfter(after)), ...past].sort(byOrder);
    const page = sorted.slice(0, limit);
    const last = sorted.length > limit ? page.at(-1) : undefined;
    return {
      tokens: page.map(({ record }) => record).filter((record) => record.expiresAt > now),
      next: last && { issueOrder: last.issueOrder, jti: last.record.jti },
      cutoffs: parseCutoffs(cutoffs),
    };
  }

  async cutOff(userID: string, platformID: number, notBefore: number, keepUntil: number): Promise<boolean> {
    const keys = userID === '' ? [everyonesCutoffsKey] : [cutoffsKey(userID), liveTokensKey(userID)];
    const args = [userID, String(platformID), String(notBefore), String(keepUntil)];
    return (await this.#redis.evalScript(this.#scripts.cutOff, keys, args)) === 1;
  }

  async announce(change: TokenChange): Promise<void> {
    await this.#redis.publish(changesChannel, JSON.stringify(change));
  }

  async everyonesCutoffs(): Promise<Cutoffs> {
    return parseCutoffs((await this.#redis.get(everyonesCutoffsKey)) ?? '');
  }

  async adopt(record: TokenRecord): Promise<TokenRecord | undefined> {
    const { userID, jti, expiresAt } = record;
    const reply = await this.#redis.evalScript(
      this.#scripts.adopt,
      [...tokenSetKeys(userID), tokenKeyPrefix(userID) + jti],
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

  async hasForgotten(userID: string): Promise<boolean> {
    const [, superseded] = tokenSetKeys(userID);
    const args = ['ZCOUNT', superseded, '-inf', String(this.#clock())];
    return Number(await this.#redis.command(superseded, args)) >= supersededKept;
  }

  watch(listener: TokenChangeListener): Promise<TokenWatch> {
    return TokenFeed.open(this.#redis, listener);
  }

  /** Nothing to do: every key goes by its own TTL. */
  async sweepExpired(): Promise<number> {
    return 0;
  }

  ping(): Promise<void> {
    return this.#redis.ping();
  }

  async #kickNamed(jtis: readonly string[], meant: KickOrder): Promise<readonly TokenRecord[]> {
    const ended: TokenRecord[] = [];
    for (let first = 0; first < jtis.length; first += kickPortion) {
      ended.push(...(await this.#kick(meant, jtis.slice(first, first + kickPortion))).ended);
    }
    return ended;
  }

  /** @returns what was ended, and the names of those that are left for further calls */
  async #kick(
    { userID, reason, state, platformIDs, exceptJti }: KickOrder,
    jtis: readonly string[] | 'all',
  ): Promise<{ readonly ended: readonly TokenRecord[]; readonly left: readonly string[] }> {
    const named = jtis === 'all' ? ['1'] : ['0', ...new Set(jtis)];
    const args = [
      tokenKeyPrefix(userID),
      userID,
      String(this.#clock()),
      stateLetters[state],
      reason,
      platformIDs.join(','),
      exceptJti,
      ...named,
    ];
    const reply = await this.#redis.evalScript(this.#scripts.kick, tokenSetKeys(userID), args);
    const [ended, unreadable, left = []] = asList(reply);
    this.#unreadable.report(userID, unreadable);
    return { ended: this.#toRecords(userID, ended), left: asList(left).map(String) };
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

/** As many as scripts/token-records.lua leaves of those past their grace. */
const supersededKept = 100;
/** As many as scripts/kick.lua looks at in one call. */
const kickPortion = 500;

interface KickOrder {
  readonly userID: string;
  readonly reason: TokenEndReason;
  readonly state: 'kicked' | 'revoked';
  /** Empty: any. */
  readonly platformIDs: readonly number[];
  readonly exceptJti: string;
}

interface StoredToken {
  readonly record: TokenRecord;
  readonly issueOrder: number;
}

/** Newest first; of one order the jti that sorts last, as Redis has it. */
function byOrder(a: StoredToken, b: StoredToken): number {
  return b.issueOrder - a.issueOrder || (a.record.jti < b.record.jti ? 1 : -1);
}

function isAfter(place: TokenPlace | undefined): (token: StoredToken) => boolean {
  if (place === undefined) return () => true;
  const { issueOrder, jti } = place;
  return (token) => token.issueOrder < issueOrder || (token.issueOrder === issueOrder && token.record.jti < jti);
}

function asList(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error('unexpected reply of a token script');
  return reply;
}
