/**
 * Outgoing rows in PostgreSQL, without which there are no nodes. All that writes the table is here: appends add to it in
 * their own statement. Rows stay a minute, so that the table is small enough to be read whole.
 */
import { CompiledQuery } from 'kysely';
import type { PostgresDatabase } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Audience, GroupVersion } from '../log/delivery.ts';
import type { MessageRef } from '../log/message-store.ts';
import type {
  Committed,
  NodeFilter,
  OutgoingMessage,
  OutgoingRef,
  OutgoingRow,
  OutgoingStore,
  OutgoingWord,
  StoredBody,
} from '../log/outgoing-store.ts';

export class PostgresOutgoingStore implements OutgoingStore {
  readonly #db: PostgresDatabase;
  readonly #nodeID: string;
  #lastID = 0;

  /** @param nodeID of this node: IDs of rows begin at 1 with each */
  constructor(db: PostgresDatabase, nodeID: string) {
    this.#db = db;
    this.#nodeID = nodeID;
  }

  /** The row of an append, for {@link keepOutgoing}: node, ID, logs, entries. */
  rowOf(messages: readonly OutgoingMessage[]): readonly [string, number, readonly string[], string] {
    const logIDs = [...new Set(messages.map(({ logID }) => logID))];
    return [this.#nodeID, ++this.#lastID, logIDs, encode(messages, [])];
  }

  async add(tx: Transaction, words: readonly OutgoingWord[]): Promise<void> {
    const values = [this.#nodeID, ++this.#lastID, [], encode([], words)];
    await this.#db.executor(tx).executeQuery(CompiledQuery.raw(keepOutgoing(1), values));
  }

  async refs(filter: NodeFilter): Promise<readonly OutgoingRef[]> {
    const isOnly = 'only' in filter;
    return this.#db.connections.query<OutgoingRef>(
      `SELECT node, id FROM outgoing WHERE node <> $1 AND ${isOnly ? 'node = ANY' : 'NOT node = ANY'} ($2::text[])
        AND at > ${nowMs} - ${keptForMs} ORDER BY node, id`,
      [this.#nodeID, isOnly ? filter.only : filter.except],
    );
  }

  async rows(refs: readonly OutgoingRef[]): Promise<readonly OutgoingRow[]> {
    const rows = await this.#db.connections.query<Row>(
      `SELECT node, id, entries, transaction::text FROM unnest($1::text[], $2::bigint[]) AS k (node, id) JOIN outgoing USING (node, id)
        ORDER BY node, id`,
      [refs.map(({ node }) => node), refs.map(({ id }) => id)],
    );
    return rows.map(decode);
  }

  async about(logIDs: readonly string[]): Promise<readonly OutgoingRow[]> {
    const rows = await this.#db.connections.query<Row>(
      `SELECT node, id, entries, transaction::text FROM outgoing WHERE logs && $1::text[] AND at > ${nowMs} - ${keptForMs}`,
      [logIDs],
    );
    return rows.map(decode);
  }

  async holding(refs: readonly MessageRef[]): Promise<readonly OutgoingRow[]> {
    const heads = refs.map(headOf);
    const logIDs = [...new Set(refs.map(({ logID }) => logID))];
    for (const withinMs of [lateForMs, keptForMs]) {
      const rows = await this.#db.connections.query<Row>(
        `SELECT node, id, entries, transaction::text FROM outgoing
          WHERE at > ${nowMs} - ${withinMs} AND logs && $1::text[]`,
        [logIDs],
      );
      // Rows have hundreds of messages each: those that lack are found in the text of few.
      const holding = rows.filter(({ entries }) => heads.some((head) => entries.includes(head)));
      const areFound = heads.every((head) => holding.some(({ entries }) => entries.includes(head)));
      if (areFound || withinMs === keptForMs) return holding.map(decode);
    }
    return [];
  }

  async bodies(refs: readonly MessageRef[]): Promise<readonly StoredBody[]> {
    return this.#db.connections.query<StoredBody>(
      `SELECT conversation_id AS "logID", seq, body FROM unnest($1::text[], $2::bigint[]) AS k (conversation_id, seq)
        JOIN messages USING (conversation_id, seq)
        WHERE NOT EXISTS (SELECT 1 FROM message_revocations AS r WHERE r.conversation_id = k.conversation_id AND r.seq = k.seq)
        ORDER BY conversation_id, seq`,
      [refs.map(({ logID }) => logID), refs.map(({ seq }) => seq)],
    );
  }

  async noticesUnderWay(conversationIDs: readonly string[]): Promise<readonly number[]> {
    const rows = await this.#db.connections.query<{ id: number }>(
      `SELECT id FROM outbox WHERE item_key = ANY ($1::text[]) AND topic = 'notices' AND created_at > ${nowMs} - ${waitedForMs}`,
      [conversationIDs],
    );
    return rows.map(({ id }) => id);
  }

  async committed(): Promise<Committed> {
    const [row] = await this.#db.connections.query<{ snapshot: string }>(
      'SELECT pg_current_snapshot()::text AS snapshot',
    );
    const [lowestRunning, firstUnborn, running] = (row?.snapshot ?? '').split(':');
    const underWay = new Set(running?.split(',').map(Number));
    return {
      has: (transaction) =>
        transaction < Number(lowestRunning) || (transaction < Number(firstUnborn) && !underWay.has(transaction)),
    };
  }

  async trim(): Promise<void> {
    await this.#db.connections.query(
      `DELETE FROM outgoing WHERE node = $1 AND at < ${nowMs} - ${keptForMs} OR at < ${nowMs} - ${leftForMs}`,
      [this.#nodeID],
    );
  }
}

/** Its rows may be written, and their transactions end, up to 15 s later than this says; see longestTransactionMs. */
const nowMs = '(extract(epoch FROM now()) * 1000)::bigint';
const keptForMs = 60_000;
/** What lacks was most likely stored a moment ago: not all rows need be read. */
const lateForMs = 5000;
/** One that is still there is held up, and what follows it is not to be. */
const waitedForMs = 1000;
/** Of a node that is no more. */
const leftForMs = 600_000;

/** Writes a row: node, ID, logs, entries. @param first number of its parameters */
export function keepOutgoing(first: number): string {
  return `INSERT INTO outgoing (node, id, at, logs, entries)
    VALUES ($${first}::text, $${first + 1}::bigint, ${nowMs}, $${first + 2}::text[], $${first + 3}::text)`;
}

interface Row extends OutgoingRef {
  readonly entries: string;
  readonly transaction: string;
}

/** Lists instead of objects: there are as many as messages. */
interface Entries {
  readonly messages: readonly MessageEntry[];
  readonly words: readonly OutgoingWord[];
}

/** Log, seq, operation, audience, how long after the one before, as of which version of its group, whether after notices. */
type MessageEntry = readonly [string, number, string, Audience, number | null, GroupVersion | null, (true | null)?];

function encode(messages: readonly OutgoingMessage[], words: readonly OutgoingWord[]): string {
  const entries: Entries = {
    messages: messages.map(({ logID, seq, operationID, audience, followsMs, asOf, followsNotices }) => [
      ...([logID, seq, operationID, audience] as const),
      followsMs ?? null,
      asOf ?? null,
      followsNotices ?? null,
    ]),
    words,
  };
  return JSON.stringify(entries);
}

/** With what the entry of a message begins, and nothing within another one does: there quotes are escaped. */
function headOf({ logID, seq }: MessageRef): string {
  return `[${JSON.stringify(logID)},${seq},`;
}

function decode({ node, id, entries, transaction }: Row): OutgoingRow {
  const { messages, words } = JSON.parse(entries) as Entries;
  return {
    node,
    id,
    transaction: Number(transaction),
    messages: messages.map(([logID, seq, operationID, audience, followsMs, asOf, followsNotices]) => ({
      ...{ logID, seq, operationID, audience },
      followsNotices: followsNotices ?? undefined,
      followsMs: followsMs ?? undefined,
      asOf: asOf ?? undefined,
    })),
    words,
  };
}
