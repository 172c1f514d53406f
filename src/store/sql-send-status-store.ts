/** Which calls have sent their message, in SQL, for both dialects. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { SendStatusStore } from '../messaging/send-status-store.ts';

export class SqlSendStatusStore implements SendStatusStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async put(tx: Transaction, operationID: string, sentAt: number): Promise<void> {
    await this.#db
      .executor(tx)
      .insertInto('sent_operations')
      .values({ operation_id: operationID, sent_at: sentAt })
      .onConflict((conflict) =>
        conflict.column('operation_id').doUpdateSet((row) => ({ sent_at: row.ref('excluded.sent_at') })),
      )
      .execute();
  }

  async sentAt(operationID: string): Promise<number | undefined> {
    const row = await this.#db.reader
      .selectFrom('sent_operations')
      .select('sent_at')
      .where('operation_id', '=', operationID)
      .executeTakeFirst();
    return row?.sent_at;
  }

  async forget(tx: Transaction, before: number, limit: number): Promise<number> {
    const executor = this.#db.executor(tx);
    const oldest = executor
      .selectFrom('sent_operations')
      .select('operation_id')
      .where('sent_at', '<', before)
      .orderBy('sent_at')
      .limit(limit);
    const { numDeletedRows } = await executor
      .deleteFrom('sent_operations')
      .where('operation_id', 'in', oldest)
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }
}
