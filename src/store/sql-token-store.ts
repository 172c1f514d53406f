/** Tokens in the durable database. See {@link TokenStore}. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { chooseVictims } from '../tokens/policy.ts';
import type {
  IssueOutcome,
  IssueRequest,
  TokenEndReason,
  TokenRecord,
  TokenSelector,
  TokenState,
  TokenStore,
} from '../tokens/token-store.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

export class SqlTokenStore implements TokenStore {
  readonly #db: Database;
  readonly #clock: () => number;
  readonly #findRow: (userID: string, jti: string) => Promise<TokenRow | undefined>;

  /** @param clock Unix ms */
  constructor(db: Database, clock: () => number) {
    this.#db = db;
    this.#clock = clock;
    this.#findRow = rowFinder(db);
  }

  issue({ record, groups, supersedePlatform }: IssueRequest): Promise<IssueOutcome> {
    const { userID, issuedAt } = record;
    return this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      if (this.#db.dialect === 'postgres') await lockUser(executor, userID);
      const live = await selectLive(executor, userID, issuedAt);
      const endLive = (tokens: readonly LiveToken[], change: Change) =>
        update(executor, { userID, jtis: tokens.map(({ jti }) => jti), states: ['live'], now: issuedAt }, change);
      const kicked = await endLive(chooseVictims(groups, live), { state: 'kicked', reason: 'policy' });
      const superseded =
        supersedePlatform === undefined
          ? []
          : await endLive(
              live.filter((token) => token.platformID === record.platformID),
              { state: 'superseded', accepted_until: supersedePlatform.acceptedUntil },
            );
      await executor
        .insertInto('tokens')
        .values({
          jti: record.jti,
          user_id: userID,
          platform_id: record.platformID,
          state: 'live',
          reason: '',
          issued_at: issuedAt,
          expires_at: record.expiresAt,
          accepted_until: 0,
          // The later issue is the newer, even within one millisecond or by the slower clock of another node.
          issue_order: live.reduce((order, token) => Math.max(order, token.issueOrder + 1), issuedAt),
        })
        .execute();
      return { kicked: kicked.map(toRecord), superseded: superseded.map(toRecord) };
    });
  }

  async find(userID: string, jti: string): Promise<TokenRecord | undefined> {
    const row = await this.#findRow(userID, jti);
    return row === undefined || row.expires_at <= this.#clock() ? undefined : toRecord(row);
  }

  async kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
  ): Promise<readonly TokenRecord[]> {
    const now = this.#clock();
    const rows = await this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      const jtis = 'jtis' in selector ? selector.jtis : await jtisOn(executor, userID, selector.platformID);
      return update(executor, { userID, jtis, states: acceptedStates, now }, { state, reason, accepted_until: 0 });
    });
    return rows.map(toRecord);
  }

  async list(userID: string): Promise<readonly TokenRecord[]> {
    const rows = await this.#db.reader
      .selectFrom('tokens')
      .selectAll()
      .where('user_id', '=', userID)
      .where('expires_at', '>', this.#clock())
      .orderBy('issue_order', 'desc')
      .execute();
    return rows.map(toRecord);
  }

  async sweepExpired(): Promise<number> {
    const now = this.#clock();
    for (let swept = 0; ; ) {
      // In small transactions, so that a big sweep does not keep logins waiting.
      const count = await this.#db.transaction((tx) => deleteExpired(this.#db.executor(tx), now));
      swept += count;
      if (count < sweepBatch) return swept;
    }
  }

  ping(): Promise<void> {
    return this.#db.ping();
  }
}

type TokenRow = Selectable<Schema['tokens']>;
type Change = { state: TokenState; reason?: TokenEndReason; accepted_until?: number };
type LiveToken = Awaited<ReturnType<typeof selectLive>>[number];

const acceptedStates: readonly TokenState[] = ['live', 'superseded'];
const sweepBatch = 1000;
/** Well below both engines' limit on the parameters of one statement. */
const updateBatch = 200;

/** The hot path of every request: one prepared statement. */
function rowFinder(db: Database): (userID: string, jti: string) => Promise<TokenRow | undefined> {
  if (db.dialect === 'sqlite') {
    const statement = 'SELECT * FROM tokens WHERE user_id = ? AND jti = ?';
    return async (userID, jti) => db.sqlite.read.prepare(statement).get(userID, jti) as TokenRow | undefined;
  }
  const query = { name: 'find-token', text: 'SELECT * FROM tokens WHERE user_id = $1 AND jti = $2' };
  return async (userID, jti) => (await db.pool.query<TokenRow>({ ...query, values: [userID, jti] })).rows[0];
}

/**
 * Makes the issues for one user wait for each other until the transaction ends; SQLite has only one writer anyway.
 * The second argument keeps these locks apart from any other advisory locks in the database.
 */
async function lockUser(executor: Kysely<Schema>, userID: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${userID}, 7463616))`.execute(executor);
}

function selectLive(executor: Kysely<Schema>, userID: string, now: number) {
  return executor
    .selectFrom('tokens')
    .select(['jti', 'platform_id as platformID', 'issue_order as issueOrder'])
    .where('user_id', '=', userID)
    .where('state', '=', 'live')
    .where('expires_at', '>', now)
    .execute();
}

async function jtisOn(executor: Kysely<Schema>, userID: string, platformID: number): Promise<string[]> {
  const rows = await executor
    .selectFrom('tokens')
    .select('jti')
    .where('user_id', '=', userID)
    .where('state', 'in', acceptedStates)
    .where('platform_id', '=', platformID)
    .execute();
  return rows.map(({ jti }) => jti);
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

async function deleteExpired(executor: Kysely<Schema>, now: number): Promise<number> {
  const result = await executor
    .deleteFrom('tokens')
    .where((eb) =>
      eb(
        eb.refTuple('user_id', 'jti'),
        'in',
        eb
          .selectFrom('tokens')
          .select(['user_id', 'jti'])
          .where('expires_at', '<=', now)
          .limit(sweepBatch)
          .$asTuple('user_id', 'jti'),
      ),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
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
  };
}
