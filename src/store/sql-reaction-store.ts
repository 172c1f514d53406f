/** Reactions to messages in SQL, for both dialects. */
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef } from '../log/message-store.ts';
import type { Reaction, ReactionCount, ReactionStore } from '../messaging/reaction-store.ts';
import { inChunks } from './sql-lists.ts';

export class SqlReactionStore implements ReactionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, { logID, seq }: MessageRef, { userID, reaction, reactedAt }: Reaction): Promise<boolean> {
    const added = await this.#db
      .executor(tx)
      .insertInto('message_reactions')
      .values({ conversation_id: logID, seq, user_id: userID, reaction, reacted_at: reactedAt })
      .onConflict((conflict) => conflict.doNothing())
      .returning('seq')
      .executeTakeFirst();
    return added !== undefined;
  }

  async remove(
    tx: Transaction,
    { logID, seq }: MessageRef,
    { userID, reaction }: Pick<Reaction, 'userID' | 'reaction'>,
  ): Promise<boolean> {
    const removed = await this.#db
      .executor(tx)
      .deleteFrom('message_reactions')
      .where('conversation_id', '=', logID)
      .where('seq', '=', seq)
      .where('user_id', '=', userID)
      .where('reaction', '=', reaction)
      .returning('seq')
      .executeTakeFirst();
    return removed !== undefined;
  }

  async usage(tx: Transaction, { logID, seq }: MessageRef, userID: string) {
    const row = await this.#db
      .executor(tx)
      .selectFrom('message_reactions')
      .select(({ fn }) => [fn.countAll<number>().as('all'), ownRows(userID).as('own')])
      .where('conversation_id', '=', logID)
      .where('seq', '=', seq)
      .executeTakeFirstOrThrow();
    return { own: Number(row.own), all: Number(row.all) };
  }

  async counts(logID: string, seqs: readonly number[], userID: string): Promise<readonly ReactionCount[]> {
    const rows = await inChunks(
      [...new Set(seqs)].toSorted((a, b) => a - b),
      (chunk) =>
        this.#db.reader
          .selectFrom('message_reactions')
          .select(({ fn }) => ['seq', 'reaction', fn.countAll<number>().as('total'), ownRows(userID).as('own')])
          .where('conversation_id', '=', logID)
          .where('seq', 'in', chunk)
          .groupBy(['seq', 'reaction'])
          .orderBy('seq')
          .orderBy(({ fn }) => fn.min('reacted_at'))
          .orderBy('reaction')
          .execute(),
    );
    return rows.map(({ seq, reaction, total, own }) => ({
      seq,
      reaction,
      count: Number(total),
      isOwn: Number(own) > 0,
    }));
  }

  async forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void> {
    const reactions = this.#db.executor(tx).deleteFrom('message_reactions').where('conversation_id', '=', logID);
    await inChunks(seqs, (chunk) => reactions.where('seq', 'in', chunk).execute());
  }

  async list({ logID, seq }: MessageRef): Promise<readonly Reaction[]> {
    const rows = await this.#db.reader
      .selectFrom('message_reactions')
      .select(['user_id', 'reaction', 'reacted_at'])
      .where('conversation_id', '=', logID)
      .where('seq', '=', seq)
      .orderBy('reacted_at')
      .orderBy('user_id')
      .orderBy('reaction')
      .execute();
    return rows.map(({ user_id, reaction, reacted_at }) => ({ userID: user_id, reaction, reactedAt: reacted_at }));
  }
}

function ownRows(userID: string) {
  return sql<number>`COALESCE(SUM(CASE WHEN user_id = ${userID} THEN 1 ELSE 0 END), 0)`;
}
