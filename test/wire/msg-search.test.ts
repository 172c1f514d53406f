/** Looking for messages (conversations-messages chapter, 9.10 and 9.11). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import searchMsg from '../../src/http/routes/msg/search_msg.ts';
import searchMyMsg from '../../src/http/routes/msg/search_my_msg.ts';
import { within } from '../support/within.ts';
import { actAs, as, makeTeam } from './group-scenes.ts';
import { testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const midnight = Date.UTC(2024, 0, 2);
const dayMs = 86_400_000;
const pagination = { pageNumber: 1, showNumber: 20 };

type Receiver = { readonly recvID: string } | { readonly groupID: string };

/** A back end imports messages of the past: the times are its own. */
async function say(world: World, sendID: string, to: Receiver, sendTime: number, text: string, more: object = {}) {
  const sessionType = 'groupID' in to ? 3 : 1;
  const message = { sendID, ...to, contentType: 101, sessionType, sendTime, content: { content: text } };
  await world.call('/msg/send_msg', { ...message, ...more });
}

async function chat(world: World): Promise<void> {
  await world.register('a_b', 'a', 'b_a');
  await makeTeam(world, 'team', { faceURL: 'team.png', groupName: 'Team' });
  await say(world, 'alice', { recvID: 'bob' }, midnight - 1, 'late', { senderNickname: 'Al', senderFaceURL: 'al.png' });
  await say(world, 'alice', { groupID: 'team' }, midnight, 'early');
  await say(world, 'bob', { recvID: 'alice' }, midnight + 1, 'answer', { ex: 'x' });
  await say(world, 'bob', { recvID: 'alice' }, midnight + 2, '', { contentType: 110, content: { data: 'd' } });
  await say(world, 'carol', { recvID: 'bob' }, midnight + dayMs, 'tomorrow');
  await say(world, 'a_b', { recvID: 'a' }, midnight + 2 * dayMs, 'ambiguous');
  await say(world, 'a', { recvID: 'b_a' }, midnight + 2 * dayMs, 'other pair');
  await indexed(world);
}

/** Resolves when every message of a chat is in the index of texts. */
async function indexed(world: World): Promise<void> {
  const db = new DatabaseSync(join(world.dataDir, 'tessera.db'), { readOnly: true });
  const behind = db.prepare(`SELECT 1 FROM conversation_seqs LEFT JOIN search_logs ON log_id = conversation_id
    WHERE conversation_id LIKE 's%' AND max_seq > COALESCE(indexed_seq, 0) LIMIT 1`);
  const isDone = async () => {
    while (behind.get() !== undefined) await delay(20);
  };
  await within('the index of texts', isDone());
  db.close();
}

interface Answer {
  readonly chatLogs: readonly { readonly chatLog: { readonly content: string }; readonly isRevoked: boolean }[] | null;
  readonly chatLogsNum: number;
  readonly nextCursor: string;
}

/** What is told of a new group is in its chat, too. */
const textsOf = ({ chatLogs }: Answer) =>
  (chatLogs ?? []).map(({ chatLog }) => JSON.parse(chatLog.content)).map(({ content, data }) => content ?? data ?? '*');

const finds = (name: string, asked: object, texts: readonly string[], total = texts.length) => ({
  name: `9.10: ${name}`,
  body: { pagination, ...asked },
  expect: {
    errCode: 0,
    data: (answer: Answer) => assert.deepEqual([textsOf(answer), answer.chatLogsNum], [texts, total]),
  },
});

const refuses = (name: string, errCode: number, asked: object) => ({
  name: `9.10: ${name} is ${errCode}`,
  body: { pagination, ...asked },
  expect: { errCode },
});

testEndpoint(
  searchMsg,
  [
    {
      name: '9.10: Known defect: no permission check; users, and who is in the chat, are 1002',
      token: as('alice'),
      body: { sendID: 'alice', recvID: 'bob', pagination },
      expect: { errCode: 1002 },
    },
    {
      name: '9.10: a message of a single chat, with the names that it lacks',
      body: { sendID: 'bob', recvID: 'alice', contentType: 101, pagination },
      expect: {
        errCode: 0,
        data: ({ chatLogs, ...rest }: Answer) => {
          const { serverMsgID, clientMsgID, createTime, ...chatLog } = Object(chatLogs?.[0]?.chatLog);
          assert.deepEqual(
            [chatLogs?.length, chatLogs?.[0]?.isRevoked, rest],
            [1, false, { chatLogsNum: 1, nextCursor: '' }],
          );
          assert.deepEqual([typeof serverMsgID, typeof clientMsgID, typeof createTime], ['string', 'string', 'number']);
          assert.deepEqual(chatLog, {
            ...{ sendID: 'bob', recvID: 'alice', groupID: '', recvNickname: 'alice', senderPlatformID: 0 },
            ...{ senderNickname: 'bob', senderFaceURL: '', groupName: '', sessionType: 1, msgFrom: 200 },
            ...{ contentType: 101, content: '{"content":"answer"}', status: 2, sendTime: midnight + 1, ex: 'x' },
            ...{ groupFaceURL: '', groupMemberCount: 0, seq: 2, groupOwner: '', groupType: 0 },
          });
        },
      },
    },
    {
      name: "9.10: Known defect: of a group message groupFaceURL is the group's, and senderFaceURL the sender's",
      body: { recvID: 'team', sendID: 'alice', sessionType: 3, contentType: 101, pagination },
      expect: {
        errCode: 0,
        data: (answer: Answer) =>
          assert.partialDeepStrictEqual(answer.chatLogs, [
            {
              chatLog: {
                ...{ sendID: 'alice', recvID: 'team', groupID: 'team', recvNickname: '', groupName: 'Team' },
                ...{ senderFaceURL: '', groupFaceURL: 'team.png', groupMemberCount: 3, groupOwner: 'alice' },
                ...{ groupType: 2, sessionType: 3 },
              },
            },
          ]),
      },
    },
    {
      name: '9.10: what the sender gave as its name and face stays',
      body: { sendID: 'alice', recvID: 'bob', pagination },
      expect: {
        errCode: 0,
        data: (answer: Answer) =>
          assert.partialDeepStrictEqual(answer.chatLogs, [
            { chatLog: { senderNickname: 'Al', senderFaceURL: 'al.png' } },
          ]),
      },
    },
    finds('without a filter all of single chats and groups, the oldest first', { contentType: 101 }, [
      ...['late', 'early', 'answer', 'tomorrow'],
      ...['ambiguous', 'other pair'],
    ]),
    finds(
      'a day of UTC begins at its midnight and ends before the next',
      { sendTime: '2024-01-02', contentType: 101 },
      [...['early', 'answer']],
    ),
    finds('recvID is the receiver, whoever has sent', { recvID: 'bob' }, ['late', 'tomorrow']),
    finds('recvID is a group, also without a session type', { recvID: 'team', contentType: 101 }, ['early']),
    finds('only groups', { sessionType: 3, contentType: 101 }, ['early']),
    finds('only single chats', { sessionType: 1, sendID: 'alice' }, ['late']),
    finds('a type of content', { contentType: 110 }, ['d']),
    finds('two pairs of users with one conversation ID are told apart', { sendID: 'a_b', recvID: 'a' }, ['ambiguous']),
    finds('notification accounts have none here', { sessionType: 4 }, []),
    finds(
      'a page counts all',
      { contentType: 101, pagination: { pageNumber: 2, showNumber: 2 } },
      ['answer', 'tomorrow'],
      6,
    ),
    finds('showNumber 0 has no rows', { contentType: 101, pagination: { pageNumber: 1, showNumber: 0 } }, [], 6),
    {
      name: '9.10: nextCursor goes on where a page has ended',
      body: async (world: World) => {
        const asked = { contentType: 101, pagination: { pageNumber: 1, showNumber: 4 } };
        const { nextCursor } = await world.call(searchMsg.path, asked);
        return { ...asked, cursor: nextCursor };
      },
      expect: {
        errCode: 0,
        data: (answer: Answer) =>
          assert.deepEqual([textsOf(answer), answer.nextCursor], [['ambiguous', 'other pair'], '']),
      },
    },
    finds('a keyword of the text', { keyword: 'TOMORROW!' }, ['tomorrow']),
    finds('a keyword with another filter', { keyword: 'pair', sendID: 'a', sendTime: '2024-01-04' }, ['other pair']),
    finds('a keyword of another day', { keyword: 'pair', sendTime: '2024-01-03' }, []),
    refuses('a keyword without a word', 1001, { keyword: '!' }),
    refuses('no pagination', 1001, { pagination: null }),
    refuses('page 0', 1001, { pagination: { pageNumber: 0, showNumber: 1 } }),
    refuses('a day that is none', 1001, { sendTime: '2024-02-30' }),
    refuses('a time of day', 1001, { sendTime: '2024-01-02 10:00:00' }),
    refuses('a cursor of another make', 1001, { cursor: 'x' }),
    {
      name: '9.10: Known defect: a message of a group that no longer exists is found all the same',
      given: async (world) => {
        const db = new DatabaseSync(join(world.dataDir, 'tessera.db'));
        db.exec("DELETE FROM groups WHERE group_id = 'team'");
        db.close();
      },
      body: { recvID: 'team', sessionType: 3, contentType: 101, pagination },
      expect: {
        errCode: 0,
        data: (answer: Answer) =>
          assert.partialDeepStrictEqual(answer.chatLogs, [{ chatLog: { groupID: 'team', groupName: '' } }]),
      },
    },
  ],
  { setUp: chat },
);

/** A page of what alice finds, as `conversation text`. */
interface Page {
  readonly messages:
    | readonly {
        readonly conversationID: string;
        readonly seq: number;
        readonly message: { readonly content: string; readonly sendID: string; readonly sendTime: number };
      }[]
    | null;
  readonly nextCursor: string;
}

const placesOf = ({ messages }: Page) =>
  (messages ?? []).map(({ conversationID, message }) => {
    const { content, text } = JSON.parse(Buffer.from(message.content, 'base64').toString());
    return `${conversationID} ${content ?? text}`;
  });

/** Who has been in the group `old` and is no more, and who has come in without its history. */
async function live(world: World): Promise<void> {
  await world.register('dora', 'eve');
  await makeTeam(world, 'team');
  await makeTeam(world, 'old');
  await say(world, 'bob', { groupID: 'old' }, midnight, '我们明天见 one');
  await say(world, 'bob', { groupID: 'team' }, midnight + 1, '明天 in the team');
  await say(world, 'alice', { recvID: 'bob' }, midnight + 2, '明天 with bob');
  await say(world, 'bob', { recvID: 'carol' }, midnight + 3, '明天 without alice');
  await actAs(world, 'carol', '/group/quit_group', { groupID: 'old', userID: 'carol' });
  await say(world, 'bob', { groupID: 'old' }, midnight + 4, '明天 after carol');
  await world.call('/group/invite_user_to_group', { groupID: 'old', invitedUserIDs: ['dora'] });
  await say(world, 'bob', { groupID: 'old' }, midnight + 5, '明天 with dora');
  await say(world, 'bob', { recvID: 'alice' }, midnight + 6, '明天 taken back');
  await world.call('/msg/revoke_msg', { conversationID: 'si_alice_bob', seq: 2, userID: 'bob' });
  const quoted = { clientMsgID: 'x', seq: 1, contentType: 101, content: '{"content":"quoted 明天"}' };
  await say(world, 'bob', { recvID: 'alice' }, midnight + 7, '', {
    ...{ contentType: 114, content: { text: 'an answer', quoteMessage: quoted } },
  });
  await indexed(world);
}

const findsOwn = (name: string, userID: string, asked: object, places: readonly string[]) => ({
  name: `9.11: ${name}`,
  token: as(userID),
  body: { userID, keyword: '明天', ...asked },
  expect: {
    errCode: 0,
    data: (page: Page) => assert.deepEqual([placesOf(page).sort(), page.nextCursor], [[...places].sort(), '']),
  },
});

const ofBob = ['sg_old 我们明天见 one', 'sg_old 明天 after carol', 'sg_old 明天 with dora', 'sg_team 明天 in the team'];
const refusesOwn = (name: string, asked: object) => ({
  name: `9.11: ${name} is 1001`,
  token: as('alice'),
  body: { userID: 'alice', keyword: 'word', ...asked },
  expect: { errCode: 1001 },
});

testEndpoint(
  searchMyMsg,
  [
    findsOwn('M5 a member finds what is in its own conversations, and nothing that was taken back', 'alice', {}, [
      ...ofBob,
      'si_alice_bob 明天 with bob',
    ]),
    findsOwn('M5 the other side finds its own', 'bob', {}, [
      ...ofBob,
      ...['si_alice_bob 明天 with bob', 'si_bob_carol 明天 without alice'],
    ]),
    findsOwn('M5 who has left a group finds what was said before', 'carol', {}, [
      ...['sg_old 我们明天见 one', 'sg_team 明天 in the team', 'si_bob_carol 明天 without alice'],
    ]),
    findsOwn('M5 a newcomer without history finds what was said since', 'dora', {}, ['sg_old 明天 with dora']),
    findsOwn('M5 a stranger finds nothing', 'eve', {}, []),
    findsOwn("M5 naming another's conversation finds nothing", 'eve', { conversationID: 'si_alice_bob' }, []),
    findsOwn('what is quoted is found where it was said', 'alice', { keyword: 'quoted' }, []),
    findsOwn('the own words of a quote are found', 'alice', { keyword: 'ANSWER' }, ['si_alice_bob an answer']),
    findsOwn('a row of words over two scripts', 'alice', { keyword: '见 One' }, ['sg_old 我们明天见 one']),
    findsOwn('one conversation', 'alice', { conversationID: 'sg_team' }, ['sg_team 明天 in the team']),
    findsOwn('a sender', 'alice', { sendID: 'alice' }, ['si_alice_bob 明天 with bob']),
    findsOwn('times', 'alice', { startTime: midnight, endTime: midnight + 2 }, [
      ...['sg_old 我们明天见 one', 'sg_team 明天 in the team'],
    ]),
    findsOwn('a type of content', 'alice', { contentTypes: [114], keyword: 'answer' }, ['si_alice_bob an answer']),
    findsOwn('another type of content', 'alice', { contentTypes: [101, 106], keyword: 'answer' }, []),
    {
      name: '9.11: an admin may look for a user; a page goes on where the one before has ended',
      body: async (world: World) => {
        const asked = { userID: 'carol', keyword: '明天', count: 2 };
        const first = await world.call(searchMyMsg.path, asked);
        assert.equal(first.messages.length, 2);
        return { ...asked, cursor: first.nextCursor };
      },
      expect: { errCode: 0, data: (page: Page) => assert.equal(page.messages?.length, 1) },
    },
    {
      name: '9.11: a message comes as the user reads it, with conversation and seq',
      token: as('alice'),
      body: { userID: 'alice', keyword: 'with bob' },
      expect: {
        errCode: 0,
        data: ({ messages }: Page) =>
          assert.partialDeepStrictEqual(messages, [
            {
              ...{ conversationID: 'si_alice_bob', seq: 1 },
              message: { sendID: 'alice', recvID: 'bob', seq: 1, status: 2, sendTime: midnight + 2 },
            },
          ]),
      },
    },
    {
      name: '9.11: what is said later is found later',
      token: as('alice'),
      given: async (world) => {
        await say(world, 'bob', { groupID: 'team' }, midnight + 9, 'サーバーの再起動 👍🏽');
        await indexed(world);
      },
      body: { userID: 'alice', keyword: '再起動 👍' },
      expect: {
        errCode: 0,
        data: (page: Page) => assert.deepEqual(placesOf(page), ['sg_team サーバーの再起動 👍🏽']),
      },
    },
    findsOwn('before it is deleted', 'alice', { keyword: 'in the team' }, ['sg_team 明天 in the team']),
    {
      ...findsOwn('M5 what the reader has deleted is not found', 'alice', { keyword: 'in the team' }, []),
      given: async (world: World) => {
        const page = await world.call(searchMyMsg.path, { userID: 'alice', keyword: 'in the team' });
        const [{ conversationID, seq }] = page.messages;
        await actAs(world, 'alice', '/msg/delete_msgs', { userID: 'alice', conversationID, seqs: [seq] });
      },
    },
    findsOwn('M5 and is by those who have not', 'bob', { keyword: 'in the team' }, ['sg_team 明天 in the team']),
    {
      ...findsOwn(
        'M5 what was erased is found by nobody, and its words are gone',
        'bob',
        { keyword: 'without alice' },
        [],
      ),
      given: async (world: World) => {
        await world.call('/msg/delete_msg_phsical_by_seq', { conversationID: 'si_bob_carol', seqs: [1] });
        const db = new DatabaseSync(join(world.dataDir, 'tessera.db'), { readOnly: true });
        const left = db.prepare('SELECT count(*) AS n FROM search_words WHERE search_words MATCH ?').get('"without"');
        db.close();
        assert.deepEqual({ ...left }, { n: 0 });
      },
    },
    refusesOwn('an empty keyword', { keyword: '' }),
    refusesOwn('a keyword without a word', { keyword: '。！' }),
    refusesOwn('a count above 100', { count: 101 }),
    refusesOwn('a count below 0', { count: -1 }),
    refusesOwn('a time below 0', { startTime: -1 }),
    refusesOwn('a cursor of another make', { cursor: 'WzFd' }),
  ],
  { setUp: live, settings: { TESSERA_HISTORY_FOR_NEW_MEMBERS: 'false' } },
);
