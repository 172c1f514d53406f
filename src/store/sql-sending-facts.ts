/** The read model of sending in SQL: one hot query for both dialects. */
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { SendingFacts, SingleChatFacts } from '../messaging/sending-facts.ts';

export class SqlSendingFacts implements SendingFacts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async singleChat(sendID: string, recvID: string, conversationID: string): Promise<SingleChatFacts> {
    const [row] = await runHot<FactsRow>(this.#db, factsQuery, [sendID, recvID, conversationID]);
    return {
      senderLevel: row?.sender_level ?? undefined,
      receiverGlobalOption: row?.receiver_global ?? undefined,
      receiverOption: row?.receiver_option ?? undefined,
      senderHasRow: (row?.sender_row ?? undefined) !== undefined,
    };
  }
}

interface FactsRow {
  sender_level: number | null;
  receiver_global: number | null;
  receiver_option: number | null;
  sender_row: number | null;
}

const factsQuery = hotQuery(
  `SELECT
    (SELECT app_manager_level FROM users WHERE user_id = $1) AS sender_level,
    (SELECT global_recv_msg_opt FROM users WHERE user_id = $2) AS receiver_global,
    (SELECT recv_msg_opt FROM conversations WHERE owner_user_id = $2 AND conversation_id = $3 AND user_id = $1) AS receiver_option,
    (SELECT 1 FROM conversations WHERE owner_user_id = $1 AND conversation_id = $3 AND user_id = $2) AS sender_row`,
);
