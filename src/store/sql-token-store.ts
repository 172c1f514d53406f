/** Tokens in the durable database. See {@link TokenStore}. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Schema } from '../database/schema.ts';
import { giveWay } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { type Cutoffs, effectiveCutoff } from '../tokens/cutoffs.ts';
import { type LoginFollower, renewalsAmong } from '../tokens/login-follower.ts';
import { type Contender, chooseVictims } from '../tokens/policy.ts';
import {
  type FoundToken,
  firstTokens,
  type IssueOutcome,
  type IssueRequest,
  type LossCause,
  loginOf,
  type TokenEndReason,
  type TokenKey,
  type TokenPage,
  type TokenPlace,
  type TokenRecord,
  type TokenSelector,
  type TokenState,
  type TokenStore,
  type TokenWatch,
  type UserTokens,
} from '../tokens/token-store.ts';
import type { Telling } from '../tokens/token-teller.ts';
import { deleteEnded } from './ended-rows.ts';

export class SqlTokenStore implements TokenStore {
  readonly #db: Database;
  readonly #clock: () => number;
  readonly #follower: LoginFollower;

  /** @param clock Unix ms */
  constructor(db: Database, clock: () => number, follower: LoginFollower) {
    this.#db = db;
    this.#clock = clock;
    this.#follower = follower;
  }

  issue({ record, groups, supersede, everyonesCutoffs, tell }: IssueRequest): Promise<IssueOutcome> {
    const { userID, platformID, issuedAt } = record;
    return this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      await this.#lockUser(executor, userID);
      const cutoffs = [await this.#readCutoffs(userID, tx), everyonesCutoffs];
      const live = (await this.#readLive(userID, issuedAt, tx)).filter(
        (token) => loginOf(token) >= effectiveCutoff(token.platformID, ...cutoffs),
      );
      const superseded = live.filter((token) => isSuperseded(supersede, token, platformID));
      if (typeof supersede?.which === 'object' && superseded.length === 0) return notIssued;

      const endLive = (tokens: readonly LiveToken[], change: Change): Promise<readonly TokenRow[]> => {
        const [only] = tokens;
        // As nearly every login has it.
        if (only !== undefined && tokens.length === 1)
          return this.#endOne({ userID, now: issuedAt, ...only }, change, tx);
        const jtis = tokens.map(({ jti }) => jti);
        return update(executor, { userID, jtis, states: ['live'], now: issuedAt }, change);
      };
      const kickedRows = await endLive(chooseVictims(groups, live), { state: 'kicked', reason: 'policy' });
      const acceptedUntil = supersede?.acceptedUntil ?? 0;
      const [renewed] = typeof supersede?.which === 'object' ? superseded : [];
      const supersededRows = await endLive(superseded, {
        state: 'superseded',
        accepted_until: acceptedUntil,
        ...(renewed === undefined ? {} : { successor: record.jti, successor_expires_at: record.expiresAt }),
      });
      // The later issue is the newer, even within one millisecond or by the slower clock of another node.
      const order = live.reduce((highest, token) => Math.max(highest, token.issueOrder + 1), issuedAt);
      // Whatever was cut off before, by whichever clock, does not mean this one.
      const notBefore = effectiveCutoff(platformID, ...cutoffs);
      const fresh = {
        ...freshToken(record),
        issuedAt: Math.max(issuedAt, notBefore),
        // A renewal goes on with its predecessor's session.
        ...(renewed === undefined ? {} : { loginAt: loginOf(renewed) }),
      };
      await this.#insert(fresh, Math.max(order, notBefore), tx);
      if (superseded.length > 0) await forgetSuperseded(executor, userID, issuedAt);
      const outcome = { isIssued: true, kicked: kickedRows.map(toRecord), superseded: supersededRows.map(toRecord) };
      if (renewed !== undefined) await this.#follower.renewLogins(tx, renewalsAmong(outcome.superseded));
      if (outcome.kicked.length > 0) await this.#follower.endLogins(tx, outcome.kicked);
      if (tell !== undefined) await tell.teller.tell(tx, tell.of(outcome));
      return outcome;
    });
  }

  async find({ userID, jti }: TokenKey): Promise<FoundToken> {
    const [[row], cutoffs] = await Promise.all([
      runHot<TokenRow>(this.#db, tokenQuery, [userID, jti]),
      this.#readCutoffs(userID),
    ]);
    const isGone = row === undefined || row.expires_at <= this.#clock();
    return { record: isGone ? undefined : toRecord(row), cutoffs };
  }

  async kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
    tell?: Telling<readonly TokenRecord[]>,
  ): Promise<readonly TokenRecord[]> {
    const now = this.#clock();
    return this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      await this.#lockUser(executor, userID);
      const jtis = 'jtis' in selector ? selector.jtis : await jtisOn(executor, { userID, now, ...selector });
      const change = { state, reason, accepted_until: 0 };
      const ended = (await update(executor, { userID, jtis, states: acceptedStates, now }, change)).map(toRecord);
      if (ended.length > 0) await this.#follower.endLogins(tx, ended);
      if (tell !== undefined) await tell.teller.tell(tx, tell.of(ended));
      return ended;
    });
  }

  async list(userID: string, { after, limit }: TokenPage = firstTokens): Promise<UserTokens> {
    const { issueOrder, jti } = after ?? newest;
    const rows = await this.#db.reader
      .selectFrom('tokens')
      .selectAll()
      .where('user_id', '=', userID)
      .where('issue_order', '<=', issueOrder)
      .where(({ eb, or }) => or([eb('issue_order', '<', issueOrder), eb('jti', '<', jti)]))
      .orderBy('issue_order', 'desc')
      .orderBy('jti', 'desc')
      .limit(limit + 1)
      .execute();
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    const now = this.#clock();
    const page = rows.slice(0, limit).filter((row) => row.expires_at > now);
    return {
      tokens: page.map(toRecord),
      next: last && { issueOrder: last.issue_order, jti: last.jti },
      cutoffs: await this.#readCutoffs(userID),
    };
  }

  /** Of one process: there is nobody else. */
  async announce(): Promise<void> {}

  cutOff(
    userID: string,
    platformID: number,
    notBefore: number,
    keepUntil: number,
    tell?: Telling<void>,
  ): Promise<boolean> {
    return this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      await this.#lockUser(executor, userID);
      const current = await executor
        .selectFrom('token_cutoffs')
        .select(['not_before', 'keep_until'])
        .where('user_id', '=', userID)
        .where('platform_id', '=', platformID)
        .executeTakeFirst();
      if (current !== undefined && current.not_before >= notBefore) return false;
      const longest = await executor
        .selectFrom('tokens')
        .select(({ fn }) => fn.max('expires_at').as('end'))
        .where('user_id', '=', userID)
        .where('state', '=', isLive)
        .executeTakeFirst();
      const keep = Math.max(keepUntil, Number(longest?.end ?? 0), current?.keep_until ?? 0);
      const row = { not_before: notBefore, keep_until: keep };
      await executor
        .insertInto('token_cutoffs')
        .values({ user_id: userID, platform_id: platformID, ...row })
        .onConflict((conflict) => conflict.columns(['user_id', 'platform_id']).doUpdateSet(row))
        .execute();
      await this.#follower.cutOffLogins(tx, { userID, platformID, notBefore });
      if (tell !== undefined) await tell.teller.tell(tx, tell.of());
      return true;
    });
  }

  everyonesCutoffs(): Promise<Cutoffs> {
    return this.#readCutoffs('');
  }

  adopt(record: TokenRecord): Promise<TokenRecord> {
    const { userID, jti, issuedAt } = record;
    return this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      await this.#lockUser(executor, userID);
      const known = await executor
        .selectFrom('tokens')
        .selectAll()
        .where('user_id', '=', userID)
        .where('jti', '=', jti)
        .executeTakeFirst();
      if (known !== undefined) return toRecord(known);
      await this.#insert(record, issuedAt, tx);
      return record;
    });
  }

  async touch(userID: string, jtis: readonly string[], seenAt: number): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (let first = 0; first < jtis.length; first += updateBatch) {
        await this.#db
          .executor(tx)
          .updateTable('tokens')
          .set({ last_seen_at: seenAt })
          .where('user_id', '=', userID)
          .where('jti', 'in', jtis.slice(first, first + updateBatch))
          .where('last_seen_at', '<', seenAt)
          .execute();
      }
    });
  }

  async countLive(): Promise<ReadonlyMap<number, number>> {
    const now = this.#clock();
    const counts = new Map<number, number>();
    // A window of the key after another, and others in between.
    for (let after: TokenName | undefined = { user_id: '', jti: '' }; after !== undefined; ) {
      const last = await this.#endOfWindow(after);
      for (const { platform_id, count } of await this.#liveBetween(after, last, now)) {
        counts.set(platform_id, (counts.get(platform_id) ?? 0) + Number(count));
      }
      after = last;
      if (after !== undefined) await giveWay();
    }
    return counts;
  }

  /** @returns the last name of a window that begins after another; undefined for the last one */
  async #endOfWindow(after: TokenName): Promise<TokenName | undefined> {
    return this.#db.reader
      .selectFrom('tokens')
      .select(['user_id', 'jti'])
      .where(isLaterThan(after))
      .orderBy('user_id')
      .orderBy('jti')
      .offset(windowLength - 1)
      .limit(1)
      .executeTakeFirst();
  }

  async #liveBetween(after: TokenName, last: TokenName | undefined, now: number) {
    // Not among the conditions: SQLite would take the index of those that are live, and look up each row that it names.
    const isCounted = sql`CASE WHEN state = ${isLive} AND expires_at > ${now} THEN 1 END`;
    const counted = this.#db.reader
      .selectFrom('tokens')
      .select(({ fn }) => ['platform_id', fn.count<number>(isCounted).as('count')])
      .where(isLaterThan(after))
      .groupBy('platform_id');
    const upTo = last && sql<boolean>`(user_id, jti) <= (${last.user_id}, ${last.jti})`;
    return (upTo === undefined ? counted : counted.where(upTo)).execute();
  }

  /** Rows go only when they have expired, or by somebody's hand. */
  async explainLoss(): Promise<LossCause> {
    return 'unknown';
  }

  async hasForgotten(userID: string): Promise<boolean> {
    const oldestKept = await this.#db.reader
      .selectFrom('tokens')
      .select('jti')
      .where('user_id', '=', userID)
      .where('state', '=', isInGrace)
      .where('accepted_until', '<=', this.#clock())
      .orderBy('accepted_until', 'desc')
      .offset(supersededKept - 1)
      .limit(1)
      .executeTakeFirst();
    return oldestKept !== undefined;
  }

  /** One process has the database to itself: its own authority knows of every change. */
  async watch(): Promise<TokenWatch> {
    return { isFresh: () => true, [Symbol.asyncDispose]: async () => {} };
  }

  async sweepExpired(): Promise<number> {
    const now = this.#clock();
    await deleteEnded(this.#db, { table: 'token_cutoffs', key: ['user_id', 'platform_id'], end: 'keep_until' }, now);
    return deleteEnded(this.#db, { table: 'tokens', key: ['user_id', 'jti'], end: 'expires_at' }, now);
  }

  ping(): Promise<void> {
    return this.#db.ping();
  }

  async #readCutoffs(userID: string, tx?: Transaction): Promise<Cutoffs> {
    return toCutoffs(await runHot<CutoffRow>(this.#db, cutoffsQuery, [userID], tx));
  }

  async #readLive(userID: string, now: number, tx: Transaction): Promise<readonly LiveToken[]> {
    return (await runHot<LiveRow>(this.#db, liveQuery, [userID, now], tx)).map(toLive);
  }

  /** Of a live one: what the change leaves out is as it was. */
  #endOne(
    { userID, jti, now }: { readonly userID: string; readonly jti: string; readonly now: number },
    { state, reason, accepted_until = 0, successor = '', successor_expires_at = 0 }: Change,
    tx: Transaction,
  ): Promise<TokenRow[]> {
    const changed = [state, reason ?? '', accepted_until, successor, successor_expires_at];
    return runHot<TokenRow>(this.#db, endLiveToken, [userID, jti, now, ...changed], tx);
  }

  async #insert(record: TokenRecord, issueOrder: number, tx: Transaction): Promise<void> {
    const { jti, userID, platformID, state, reason, issuedAt, expiresAt, acceptedUntil } = record;
    const { deviceName, lastSeenAt, loginAt = 0, keyMark = '' } = record;
    const ends = [issuedAt, expiresAt, acceptedUntil, issueOrder];
    const row = [jti, userID, platformID, state, reason, ...ends, deviceName, lastSeenAt, loginAt, keyMark];
    await runHot(this.#db, insertToken, row, tx);
  }

  /**
   * Makes the changes for one user wait for each other until the transaction ends; SQLite has only one writer anyway.
   * The second argument keeps these locks apart from any other advisory locks in the database.
   */
  async #lockUser(executor: Kysely<Schema>, userID: string): Promise<void> {
    if (this.#db.dialect === 'sqlite') return;
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${userID}, 7463616))`.execute(executor);
  }
}

type TokenRow = Selectable<Schema['tokens']>;
type TokenName = Pick<TokenRow, 'user_id' | 'jti'>;
interface Change {
  readonly state: TokenState;
  readonly reason?: TokenEndReason;
  readonly accepted_until?: number;
  readonly successor?: string;
  readonly successor_expires_at?: number;
}
interface LiveToken extends Contender, Pick<TokenRecord, 'jti' | 'issuedAt' | 'loginAt'> {}

const notIssued: IssueOutcome = { isIssued: false, kicked: [], superseded: [] };
const acceptedStates: readonly TokenState[] = ['live', 'superseded'];
/** Written out, not bound: by that SQLite sees that a partial index has all of them. */
const isLive = sql.lit('live' satisfies TokenState);
const isInGrace = sql.lit('superseded' satisfies TokenState);
const newest: TokenPlace = { issueOrder: Number.MAX_SAFE_INTEGER, jti: '' };
const supersededKept = 100;
const forgottenAtOnce = 50;
/** Rows of the key that are counted at once: a millisecond. */
const windowLength = 2000;
/** Well below both engines' limit on the parameters of one statement. */
const updateBatch = 200;

function isLaterThan({ user_id, jti }: TokenName) {
  return sql<boolean>`(user_id, jti) > (${user_id}, ${jti})`;
}

const tokenQuery = hotQuery('SELECT * FROM tokens WHERE user_id = $1 AND jti = $2');
const cutoffsQuery = hotQuery('SELECT platform_id, not_before FROM token_cutoffs WHERE user_id = $1');
/** With the state written out, as above. */
const liveQuery = hotQuery(
  `SELECT jti, platform_id, issued_at, issue_order, login_at FROM tokens
  WHERE user_id = $1 AND state = 'live' AND expires_at > $2`,
);
const endLiveToken = hotQuery(
  `UPDATE tokens SET state = $4, reason = $5, accepted_until = $6, successor = $7, successor_expires_at = $8
  WHERE user_id = $1 AND jti = $2 AND state = 'live' AND expires_at > $3 RETURNING *`,
);
const insertToken = hotQuery(
  `INSERT INTO tokens (jti, user_id, platform_id, state, reason, issued_at, expires_at, accepted_until, issue_order,
    device_name, last_seen_at, login_at, key_mark) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
);

type LiveRow = Pick<TokenRow, 'jti' | 'platform_id' | 'issued_at' | 'issue_order' | 'login_at'>;

function toLive({ jti, platform_id, issued_at, issue_order, login_at }: LiveRow): LiveToken {
  const token = { jti, platformID: platform_id, issuedAt: issued_at, issueOrder: issue_order };
  return login_at === 0 ? token : { ...token, loginAt: login_at };
}

interface CutoffRow {
  readonly platform_id: number;
  readonly not_before: number;
}

function toCutoffs(rows: readonly CutoffRow[]): Cutoffs {
  return new Map(rows.map(({ platform_id, not_before }) => [platform_id, not_before]));
}

function isSuperseded(
  supersede: IssueRequest['supersede'],
  token: Pick<TokenRecord, 'jti' | 'platformID'>,
  platformID: number,
): boolean {
  if (supersede === undefined) return false;
  return supersede.which === 'platform' ? token.platformID === platformID : token.jti === supersede.which.jti;
}

function freshToken(record: IssueRequest['record']): TokenRecord {
  return { ...record, state: 'live', reason: '', acceptedUntil: 0, lastSeenAt: 0 };
}

/** Those that are accepted now: the live ones, and the superseded ones in their grace. */
async function jtisOn(
  executor: Kysely<Schema>,
  { userID, platformIDs, exceptJti = '', now }: KickedPlatforms,
): Promise<string[]> {
  if (platformIDs.length === 0) return [];
  const onPlatforms = executor
    .selectFrom('tokens')
    .select('jti')
    .where('user_id', '=', userID)
    .where('platform_id', 'in', platformIDs)
    .where('jti', '<>', exceptJti);
  const rows = await onPlatforms
    .where('state', '=', isLive)
    .where('expires_at', '>', now)
    .unionAll(onPlatforms.where('state', '=', isInGrace).where('accepted_until', '>', now))
    .execute();
  return rows.map(({ jti }) => jti);
}

interface KickedPlatforms extends Extract<TokenSelector, { platformIDs: unknown }> {
  readonly userID: string;
  /** Unix ms. */
  readonly now: number;
}

/**
 * Of what was superseded and is past its grace, all but so many of the newest are forgotten, so many at a time: they are
 * refused as unknown either way, and a back end that asks for an admin token with each request must not fill the disk.
 */
async function forgetSuperseded(executor: Kysely<Schema>, userID: string, now: number): Promise<void> {
  await executor
    .deleteFrom('tokens')
    .where('user_id', '=', userID)
    .where('jti', 'in', (eb) =>
      eb
        .selectFrom('tokens')
        .select('jti')
        .where('user_id', '=', userID)
        .where('state', '=', isInGrace)
        .where('accepted_until', '<=', now)
        .orderBy('accepted_until', 'desc')
        .limit(forgottenAtOnce)
        .offset(supersededKept),
    )
    .execute();
}

/** Changes the named tokens that are unexpired and in one of `states` at that moment, whatever was read before. */
async function update(
  executor: Kysely<Schema>,
  {
    userID,
    jtis,
    states,
    now,
  }: { userID: string; jtis: readonly string[]; states: readonly TokenState[]; now: number },
  change: Change,
): Promise<TokenRow[]> {
  const rows: TokenRow[] = [];
  for (let first = 0; first < jtis.length; first += updateBatch) {
    const changed = await executor
      .updateTable('tokens')
      .set(change)
      .where('user_id', '=', userID)
      .where('jti', 'in', jtis.slice(first, first + updateBatch))
      .where('state', 'in', states)
      .where('expires_at', '>', now)
      .returningAll()
      .execute();
    rows.push(...changed);
  }
  return rows;
}

function toRecord(row: TokenRow): TokenRecord {
  return {
    jti: row.jti,
    userID: row.user_id,
    platformID: row.platform_id,
    state: row.state as TokenState,
    reason: row.reason as TokenRecord['reason'],
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    acceptedUntil: row.accepted_until,
    deviceName: row.device_name,
    lastSeenAt: row.last_seen_at,
    ...(row.key_mark === '' ? {} : { keyMark: row.key_mark }),
    ...(row.login_at === 0 ? {} : { loginAt: row.login_at }),
    ...(row.successor === '' ? {} : { successor: { jti: row.successor, expiresAt: row.successor_expires_at } }),
  };
}
