/** The reading endpoints of conversations-messages.md 7.2; those that sync are in sync.test.ts. */
import getAllConversations from '../../src/http/routes/conversation/get_all_conversations.ts';
import getConversation from '../../src/http/routes/conversation/get_conversation.ts';
import getConversations from '../../src/http/routes/conversation/get_conversations.ts';
import getNotNotifyConversationIds from '../../src/http/routes/conversation/get_not_notify_conversation_ids.ts';
import getOwnerConversation from '../../src/http/routes/conversation/get_owner_conversation.ts';
import getPinnedConversationIds from '../../src/http/routes/conversation/get_pinned_conversation_ids.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const forAlice = { ownerUserID: 'alice' };
/** Of alice, in order of creation. */
const rows = [row('carol'), row('bob')];

const options = {
  setUp: async (world: World) => {
    for (const recvID of ['carol', 'bob']) {
      const text = { contentType: 101, content: { content: 'hi' }, sessionType: 1 };
      await world.call('/msg/send_msg', { sendID: 'alice', recvID, ...text });
      world.passTime(1000);
    }
  },
};

testEndpoint(
  getConversation,
  [
    {
      name: 'gives every field',
      token: 'user',
      body: { ...forAlice, conversationID: 'si_alice_bob' },
      expect: { errCode: 0, data: { conversation: row('bob') } },
    },
    {
      name: 'an admin reads for others, and the other side has its own row',
      body: { ownerUserID: 'bob', conversationID: 'si_alice_bob' },
      expect: {
        errCode: 0,
        data: { conversation: { ...row('bob'), ownerUserID: 'bob', userID: 'alice' } },
      },
    },
    notForOthers({ ...forAlice, conversationID: 'si_alice_bob' }),
    {
      name: 'an unknown ID is 1004',
      token: 'user',
      body: { ...forAlice, conversationID: 'x' },
      expect: { errCode: 1004 },
    },
    { name: 'no owner is 1001', body: { conversationID: 'x' }, expect: { errCode: 1001 } },
    { name: 'no ID is 1001', body: forAlice, expect: { errCode: 1001 } },
  ],
  options,
);

testEndpoint(
  getConversations,
  [
    {
      name: 'gives those that exist, each once',
      token: 'user',
      body: { ...forAlice, conversationIDs: ['si_alice_bob', 'x', 'si_alice_carol', 'si_alice_bob'] },
      expect: { errCode: 0, data: { conversations: [row('bob'), row('carol')] } },
    },
    {
      name: 'none is null',
      token: 'user',
      body: { ...forAlice, conversationIDs: ['x'] },
      expect: { errCode: 0, data: { conversations: null } },
    },
    notForOthers({ ...forAlice, conversationIDs: ['si_alice_bob'] }),
    { name: 'no owner is 1001', body: { conversationIDs: ['x'] }, expect: { errCode: 1001 } },
    { name: 'no IDs is 1001', body: { ...forAlice, conversationIDs: [] }, expect: { errCode: 1001 } },
  ],
  options,
);

testEndpoint(
  getAllConversations,
  [
    {
      name: 'gives all in order of creation',
      token: 'user',
      body: forAlice,
      expect: { errCode: 0, data: { conversations: rows } },
    },
    { name: 'none is null', body: { ownerUserID: 'imAdmin' }, expect: { errCode: 0, data: { conversations: null } } },
    notForOthers(forAlice),
    { name: 'no owner is 1001', body: {}, expect: { errCode: 1001 } },
  ],
  options,
);

testEndpoint(
  getOwnerConversation,
  [
    page(1, 300, rows),
    page(1, 1, rows.slice(0, 1)),
    page(2, 1, rows.slice(1)),
    page(3, 1, null),
    page(0, 1, null),
    page(1, 0, null),
    page(2147483647, 2147483647, null),
    {
      name: 'no pagination is no rows and the total',
      token: 'user',
      body: { userID: 'alice' },
      expect: { errCode: 0, data: { total: 2, conversations: null } },
    },
    notForOthers({ userID: 'alice', pagination: { pageNumber: 1, showNumber: 1 } }),
  ],
  options,
);

for (const endpoint of [getNotNotifyConversationIds, getPinnedConversationIds]) {
  testEndpoint(
    endpoint,
    [
      {
        name: 'none is null',
        token: 'user',
        body: { userID: 'alice' },
        expect: { errCode: 0, data: { conversationIDs: null } },
      },
      notForOthers({ userID: 'alice' }),
      { name: 'no user is 1002', token: 'user', body: {}, expect: { errCode: 1002 } },
    ],
    options,
  );
}

function page(pageNumber: number, showNumber: number, conversations: readonly object[] | null): Scenario {
  return {
    name: `page ${pageNumber} of ${showNumber} has ${conversations?.length ?? 0} of 2 rows`,
    token: 'user',
    body: { userID: 'alice', pagination: { pageNumber, showNumber } },
    expect: { errCode: 0, data: { total: 2, conversations } },
  };
}

function notForOthers(body: object): Scenario {
  return {
    name: "M5 a user does not read another's: 1002",
    token: 'other',
    body,
    expect: { errCode: 1002, errDlt: /ownerUserID/ },
  };
}

/** Alice's conversation with a peer, without settings. */
function row(peer: string) {
  return {
    ownerUserID: 'alice',
    conversationID: `si_alice_${peer}`,
    recvMsgOpt: 0,
    conversationType: 1,
    userID: peer,
    groupID: '',
    isPinned: false,
    attachedInfo: '',
    isPrivateChat: false,
    groupAtType: 0,
    ex: '',
    burnDuration: 0,
    minSeq: 0,
    maxSeq: 0,
    msgDestructTime: 0,
    latestMsgDestructTime: 0,
    isMsgDestruct: false,
  };
}
