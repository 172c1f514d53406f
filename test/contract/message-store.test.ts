import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlReadPositionStore } from '../../src/store/sql-read-position-store.ts';
import { SqlSendingFacts } from '../../src/store/sql-sending-facts.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { messageStoreSuite } from './message-store.suite.ts';

testOnEveryDatabase('MessageStore', (t, { db }) =>
  messageStoreSuite(t, {
    store: new SqlMessageStore(db),
    views: new SqlConversationViewStore(db),
    positions: new SqlReadPositionStore(db),
    facts: new SqlSendingFacts(db),
    work: db,
    addRow: async ({ owner, conversationID, peer, recvMsgOpt = 0 }) => {
      await db.transaction((tx) =>
        db
          .executor(tx)
          .insertInto('conversations')
          .values({
            owner_user_id: owner,
            conversation_id: conversationID,
            conversation_type: 1,
            user_id: peer,
            group_id: '',
            recv_msg_opt: recvMsgOpt,
            created_at: 1,
          })
          .execute(),
      );
    },
    addUser: async ({ userID, level = 0, globalRecvMsgOpt = 0 }) => {
      await db.transaction((tx) =>
        db
          .executor(tx)
          .insertInto('users')
          .values({
            user_id: userID,
            nickname: userID,
            face_url: '',
            ex: '',
            created_at: 1,
            app_manager_level: level,
            global_recv_msg_opt: globalRecvMsgOpt,
          })
          .execute(),
      );
    },
  }),
);
