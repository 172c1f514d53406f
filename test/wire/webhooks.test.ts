/**
 * Every hook of objects-push-webhooks.md 3.4 to 3.9, fired by a real call: which are called, in which order, with which
 * bodies, and what they may change. All of them are on, so that a call that fires one too many shows.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { MsgData, SendMsgResp } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { connect } from '../support/socket-client.ts';
import { groupEndScenes } from './hook-scenes/groups.ts';
import { scenes } from './hook-scenes/index.ts';
import { tokenEndScenes } from './hook-scenes/tokens.ts';
import { HookWorld, hookSecret, inOrder, shortCommand } from './hook-world.ts';

let on: HookWorld;

before(async () => {
  on = await HookWorld.open();
  // Of the users that a world begins with: two of their registration, seven of their tokens.
  await on.receiver.since(0, 9);
});
beforeEach(() => on.settled());
after(() => on[Symbol.asyncDispose]());

describe('each hook is called exactly when the table says, with its whole body', () => {
  for (const scene of scenes) {
    test(scene.name, async () => assert.deepEqual(await on.heardBy(scene), inOrder(scene.heard)));
  }
});

interface FoundUsers {
  readonly usersInfo: { nickname: string; ex: string }[] | null;
}

interface Conversation {
  readonly groupID: string;
  readonly recvMsgOpt: number;
  readonly isPinned: boolean;
  readonly ex: string;
}

interface Pulled {
  readonly msgs: Record<string, { Msgs: { senderNickname: string; ex: string; content: string }[] }>;
}

const refused = { actionCode: 0, errCode: 7001, errMsg: 'no', errDlt: 'not today', nextCode: 1 };

const toBob = { recvID: 'bob', sessionType: 1 };

const bounds = async (conversationID: string) =>
  ((await on.done('/msg/newest_seq', { userID: 'bob' })) as { maxSeqs: Record<string, number> }).maxSeqs[
    conversationID
  ];

describe('before-hooks decide', () => {
  const say = () =>
    on.post('/msg/send_msg', { sendID: 'alice', contentType: 101, content: { content: 'x' }, ...toBob });

  test('F33 nextCode 1 refuses with the code and text of the hook, for every actionCode, and nothing is stored', async () => {
    for (const command of ['BeforeSendSingleMsg', 'BeforeMsgModify']) {
      for (const actionCode of [0, 1, 5]) {
        const earlier = await bounds('si_alice_bob');
        const { errCode, errMsg, errDlt } = await on.answering(command, { ...refused, actionCode }, say);
        assert.deepEqual([errCode, errMsg, errDlt], [7001, 'no', 'not today']);
        assert.deepEqual(await bounds('si_alice_bob'), earlier);
      }
    }
    const first = { sendID: 'bob', recvID: 'carol', sessionType: 1, contentType: 101, content: { content: 'x' } };
    await on.answering('BeforeMsgModify', refused, () => on.post('/msg/send_msg', first));
    const { conversations } = (await on.done('/conversation/get_all_conversations', { ownerUserID: 'carol' })) as {
      conversations: { userID: string }[] | null;
    };
    const peers = (conversations ?? []).map(({ userID }) => userID);
    assert.ok(!peers.includes('bob'), 'a refused first message makes no conversation');
  });

  test('a refusal without a code of its own, or with one that clients take for something else, has another', async () => {
    for (const [given, expected] of [
      [0, 80000],
      [undefined, 80000],
      [1, 500],
      [99, 500],
      [100, 100],
      [1501, 500],
      [1506, 500],
    ]) {
      const { errCode } = await on.answering('BeforeSendSingleMsg', { ...refused, errCode: given }, say);
      assert.equal(errCode, expected, `errCode ${given}`);
    }
  });

  test('other answers let pass: {}, nextCode 0, an errCode alone, any status', async () => {
    const teapot = (response: ServerResponse) => void response.writeHead(418).end('{"actionCode":0}');
    for (const answer of [{}, { nextCode: 0, errCode: 5 }, { nextCode: 2 }, teapot]) {
      assert.equal((await on.answering('BeforeSendSingleMsg', answer, say)).errCode, 0);
    }
  });

  test('F35 what beforeMsgModify changes is changed in the sender’s answer, in store and for who pulls', async () => {
    const changes = {
      ...{ content: '{"content":"changed"}', senderNickname: 'A', ex: 'e', contentType: 101, atUserIDList: ['bob'] },
      ...{ options: { unreadCount: false }, offlinePushInfo: { title: 't', iOSBadgeCount: true } },
    };
    const from = on.receiver.heard.length;
    const socket = await connect({ port: on.world.wsPort, query: { platformID: '1', token: on.world.token('user') } });
    const sent = newMsgData({
      ...{ sendID: 'alice', recvID: 'bob', sessionType: 1, contentType: 101, clientMsgID: 'by socket' },
      content: Buffer.from('{"content":"as it was"}'),
    });
    const reply = await on.answering('BeforeMsgModify', changes, () =>
      socket.request(reqIdentifiers.sendMessage, MsgData.encode(sent).finish()),
    );
    const { modify } = SendMsgResp.decode(Buffer.from(reply.data ?? '', 'base64'));
    await socket.close();
    await on.receiver.until(from, 'callbackAfterUserOfflineCommand');
    assert.ok(modify);
    assert.equal(Buffer.from(modify.content).toString(), changes.content);
    assert.deepEqual([modify.senderNickname, modify.ex, modify.atUserIDList], ['A', 'e', ['bob']]);
    assert.deepEqual([...modify.options], [['unreadCount', false]]);
    assert.deepEqual([modify.offlinePushInfo?.title, modify.offlinePushInfo?.iOSBadgeCount], ['t', true]);
    const { maxSeqs } = (await on.done('/msg/newest_seq', { userID: 'bob' })) as { maxSeqs: Record<string, number> };
    const seq = maxSeqs.si_alice_bob ?? 0;
    const seqRanges = [{ conversationID: 'si_alice_bob', begin: seq, end: seq, num: 1 }];
    const { msgs } = (await on.done('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 })) as Pulled;
    const [pulled] = msgs.si_alice_bob?.Msgs ?? [];
    const pulledContent = Buffer.from(pulled?.content ?? '', 'base64').toString();
    assert.deepEqual([pulled?.senderNickname, pulled?.ex, pulledContent], ['A', 'e', changes.content]);
  });

  test('F35 what the hooks of users and friends may change is changed', async () => {
    const find = async (userID: string) =>
      ((await on.done('/user/get_users_info', { userIDs: [userID] })) as FoundUsers).usersInfo?.[0];
    const instead = { users: [{ userID: 'fritz', nickname: 'F', ex: 'x' }] };
    await on.answering('BeforeUserRegister', instead, () => on.world.register('franz'));
    assert.equal(await find('franz'), undefined);
    assert.equal((await find('fritz'))?.nickname, 'F');
    await on.answering('BeforeUpdateUserInfoEx', { nickName: 'G', ex: '' }, () =>
      on.done('/user/update_user_info_ex', { userInfo: { userID: 'fritz', faceURL: 'f' } }),
    );
    const changed = await find('fritz');
    assert.deepEqual([changed?.nickname, changed?.ex], ['G', '']);
    await on.answering('BeforeImportFriends', { friendUserIDs: ['alice'] }, () =>
      on.done('/friend/import_friend', { ownerUserID: 'fritz', friendUserIDs: ['bob'] }),
    );
    await on.answering('BeforeSetFriendRemark', { remark: 'Al' }, () =>
      on.done('/friend/set_friend_remark', { ownerUserID: 'fritz', friendUserID: 'alice', remark: 'A' }),
    );
    const pagination = { pageNumber: 1, showNumber: 10 };
    const { friendsInfo } = (await on.done('/friend/get_friend_list', { userID: 'fritz', pagination })) as {
      friendsInfo: { remark: string; friendUser: { userID: string } }[];
    };
    assert.deepEqual(
      friendsInfo.map(({ remark, friendUser }) => [friendUser.userID, remark]),
      [['alice', 'Al']],
    );
    for (const [command, path, body] of [
      ['BeforeUserRegister', '/user/user_register', { users: [{ userID: 'hugo', nickname: 'H' }] }],
      ['BeforeAddFriend', '/friend/add_friend', { fromUserID: 'fritz', toUserID: 'bob' }],
      ['BeforeAddBlack', '/friend/add_black', { ownerUserID: 'fritz', blackUserID: 'bob' }],
    ] as const) {
      assert.equal((await on.answering(command, refused, () => on.post(path, body))).errCode, 7001, command);
    }
    assert.equal(await find('hugo'), undefined);
  });

  test('F35 what the hooks of groups may change is changed, checked like what a client asks for', async () => {
    const asked = {
      groupInfo: { groupName: 'G', groupType: 2 },
      ownerUserID: 'alice',
      memberUserIDs: ['bob', 'carol'],
    };
    const create = () => on.post('/group/create_group', asked);
    const given = { groupID: 'given', groupName: 'Given', ownerUserID: 'bob', status: 3, lookMemberInfo: 1 };
    const carol = { userID: 'carol', nickname: 'C', roleLevel: 60, muteEndTime: 9e12, ex: 'e' };
    on.receiver.answers.set('callbackBeforeCreateGroupCommand', given);
    const joining = { memberCallbackList: [carol, { nickname: 'nobody' }] };
    assert.equal((await on.answering('BeforeMembersJoinGroup', joining, create)).errCode, 0);
    const groupOf = async () =>
      (await on.done('/group/get_groups_info', { groupIDs: ['given'] })).groupInfos.map((group: typeof given) =>
        Object.fromEntries(Object.keys(given).map((key) => [key, group[key as keyof typeof given]])),
      );
    assert.deepEqual(await groupOf(), [given]);
    const memberOf = async (userID: string) => {
      const { members } = await on.done('/group/get_group_members_info', { groupID: 'given', userIDs: [userID] });
      const { nickname, roleLevel, muteEndTime, ex } = members[0];
      return { userID, nickname, roleLevel, muteEndTime, ex };
    };
    assert.deepEqual(await memberOf('carol'), carol);
    assert.deepEqual([(await memberOf('bob')).roleLevel, (await memberOf('alice')).roleLevel], [100, 20]);

    await on.answering('BeforeSetGroupInfo', { groupName: 'Second', lookMemberInfo: null }, () =>
      on.done('/group/set_group_info', { groupInfoForSet: { groupID: 'given', lookMemberInfo: 0 } }),
    );
    await on.answering('BeforeSetGroupInfoEx', { ex: 'second' }, () =>
      on.done('/group/set_group_info_ex', { groupID: 'given', faceURL: 'f' }),
    );
    assert.deepEqual(await groupOf(), [{ ...given, groupName: 'Second', lookMemberInfo: 0 }]);
    const setCarol = { members: [{ groupID: 'given', userID: 'carol', roleLevel: 20, ex: 'g' }] };
    await on.answering('BeforeSetGroupMemberInfo', { nickName: 'D', roleLevel: 60 }, () =>
      on.done('/group/set_group_member_info', setCarol),
    );
    assert.deepEqual(await memberOf('carol'), { ...carol, nickname: 'D', ex: 'g' });

    const invite = { groupID: 'given', invitedUserIDs: ['dora'] };
    const join = { groupID: 'given', joinSource: 3, inviterUserID: 'dora' };
    await on.settled();
    for (const [command, path, body] of [
      ['BeforeCreateGroup', '/group/create_group', asked],
      ['BeforeMembersJoinGroup', '/group/create_group', asked],
      ['BeforeInviteJoinGroup', '/group/invite_user_to_group', invite],
      ['BeforeMembersJoinGroup', '/group/invite_user_to_group', invite],
      ['BeforeJoinGroup', '/group/join_group', join],
      ['BeforeSetGroupInfo', '/group/set_group_info', { groupInfoForSet: { groupID: 'given', groupName: 'Third' } }],
      ['BeforeSetGroupInfoEx', '/group/set_group_info_ex', { groupID: 'given', groupName: 'Third' }],
      ['BeforeSetGroupMemberInfo', '/group/set_group_member_info', setCarol],
    ] as const) {
      const from = on.receiver.heard.length;
      assert.equal((await on.answering(command, refused, () => on.post(path, body))).errCode, 7001, command);
      assert.equal(on.receiver.heard.at(-1)?.command, `callback${command}Command`);
      assert.ok(on.receiver.heard.slice(from).every((one) => one.command.startsWith('callbackBefore')));
    }
    for (const [command, wrong, path, body] of [
      ['BeforeCreateGroup', { groupType: 0 }, '/group/create_group', asked],
      ['BeforeCreateGroup', { ownerUserID: 'dora' }, '/group/create_group', asked],
      ['BeforeCreateGroup', { groupName: 5 }, '/group/create_group', asked],
      ['BeforeCreateGroup', { status: 2 }, '/group/create_group', asked],
      [
        'BeforeMembersJoinGroup',
        { memberCallbackList: [{ userID: 'dora', roleLevel: 100 }] },
        '/group/invite_user_to_group',
        invite,
      ],
      ['BeforeSetGroupMemberInfo', { roleLevel: 100 }, '/group/set_group_member_info', setCarol],
      ['BeforeSetGroupInfoEx', { groupName: ' ' }, '/group/set_group_info_ex', { groupID: 'given', faceURL: 'g' }],
    ] as const) {
      const { errCode } = await on.answering(command, wrong, () => on.post(path, body));
      assert.ok(errCode === 1001 || errCode === 1002, `${command} ${JSON.stringify(wrong)}: ${errCode}`);
    }
    assert.deepEqual(await memberOf('carol'), { ...carol, nickname: 'D', ex: 'g' });
    const { members } = await on.done('/group/get_group_members_info', { groupID: 'given', userIDs: ['dora'] });
    assert.deepEqual(members ?? [], []);

    // What is not allowed is not asked about.
    const from = on.receiver.heard.length;
    const byAlice = await on.post(
      '/group/set_group_info_ex',
      { groupID: 'given', groupName: 'X' },
      on.world.token('user'),
    );
    assert.equal(byAlice.errCode, 1002);
    assert.equal(on.receiver.heard.length, from);
  });

  test('F35 what the hooks of conversations may change is changed, of each side its own; a no leaves nothing', async () => {
    await on.world.register('gina', 'hans');
    const say = () => on.post('/msg/send_msg', { sendID: 'gina', recvID: 'hans', sessionType: 1, ...hello });
    const hello = { contentType: 101, content: { content: 'x' } };
    const listOf = async (ownerUserID: string) =>
      ((await on.done('/conversation/get_all_conversations', { ownerUserID })).conversations ?? []) as Conversation[];
    const single = 'BeforeCreateSingleChatConversations';
    assert.equal((await on.answering(single, refused, say)).errCode, 7001);
    assert.equal((await on.answering(single, { recvMsgOpt: 3 }, say)).errCode, 1001);
    assert.deepEqual(await listOf('gina'), []);
    const given = { recvMsgOpt: 2, isPinned: true, burnDuration: 5, groupAtType: 1, attachedInfo: 'a', ex: 'e' };
    let sides = 0;
    const ofSecondSide = (response: ServerResponse) => {
      sides += 1;
      response.end(JSON.stringify(sides === 2 ? given : {}));
    };
    assert.equal((await on.answering(single, ofSecondSide, say)).errCode, 0);
    const [[ofGina], [ofHans]] = [await listOf('gina'), await listOf('hans')];
    assert.deepEqual([ofGina?.recvMsgOpt, ofGina?.ex], [0, '']);
    assert.deepEqual({ ...ofHans, ...given }, ofHans);

    const group = { groupInfo: { groupID: 'pinned', groupName: 'P', groupType: 2 }, ownerUserID: 'gina' };
    const create = () => on.post('/group/create_group', group);
    const many = 'BeforeCreateGroupChatConversations';
    assert.equal((await on.answering(many, refused, create)).errCode, 7001);
    assert.equal((await on.answering(many, { isPinned: 1 }, create)).errCode, 1001);
    assert.equal((await on.answering(many, { isPinned: true, ex: 'g' }, create)).errCode, 0);
    const ofGroup = (await listOf('gina')).find(({ groupID }) => groupID === 'pinned');
    assert.deepEqual([ofGroup?.isPinned, ofGroup?.ex], [true, 'g']);
  });

  test('M5 a message whose target is changed is authorised anew', async () => {
    const outcome = async (sendID: string, changes: object) =>
      (
        await on.answering('BeforeMsgModify', changes, () =>
          on.post('/msg/send_msg', { ...toBob, sendID, contentType: 101, content: { content: 'x' } }),
        )
      ).errCode;
    const toTeam = { sessionType: 3, groupID: 'team' };
    assert.equal(await outcome('alice', toTeam), 0);
    assert.equal(await outcome('dora', toTeam), 1203);
    assert.equal(await outcome('alice', { recvID: 'nobody' }), 1004);
    assert.equal(await outcome('alice', { content: 'no JSON' }), 1001);
    assert.equal(await outcome('alice', { sessionType: 'three' }), 1001);
  });
});

describe('requests', () => {
  test('F34 the URL is used as it is written; requests are signed, and carry the operation and an ID', async () => {
    const from = on.receiver.heard.length;
    await on.send({ ...toBob, clientMsgID: 'signed' });
    const heard = await on.receiver.since(from, 4);
    assert.deepEqual(
      heard.map(({ url }) => [url.pathname, url.searchParams.get('tenant')]),
      heard.map(({ command }) => [`/back/end/${command}`, 'a']),
    );
    for (const { headers, raw } of heard) {
      assert.equal(headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(headers.operationid, 'op-/msg/send_msg');
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers;
      const key = Buffer.from(hookSecret.slice(6), 'base64');
      assert.equal(signature, `v1,${createHmac('sha256', key).update(`${id}.${at}.${raw}`).digest('base64')}`);
    }
    assert.equal(new Set(heard.map(({ headers }) => headers['webhook-id'])).size, 4);
    const keys = heard.slice(2).map(({ url }) => Buffer.from(url.searchParams.get('key') ?? '', 'base64').toString());
    assert.deepEqual(keys, Array(2).fill('{"sendID":"alice","recvID":"bob","groupID":""}'));
    const [, , told] = heard;
    const reply = await on.post(
      `/msg/send_simple_msg?${new URLSearchParams({ key: told?.url.searchParams.get('key') ?? '' })}`,
      {
        content: 'an answer',
      },
    );
    assert.equal(reply.errCode, 0, reply.errDlt);
    await on.receiver.since(from, 8);
  });

  test('what the receiver did not take is told again with the same ID, before anything younger of the conversation', async () => {
    const from = on.receiver.heard.length;
    let isDown = true;
    const once = (response: ServerResponse) => {
      if (isDown) response.writeHead(503).end('<html>busy</html>');
      else response.end('{}');
      isDown = false;
    };
    const heard = await on.answering('AfterSendSingleMsg', once, async () => {
      for (const content of ['one', 'two']) await on.send({ ...toBob, content: { content } });
      return on.receiver.since(from, 9);
    });
    const told = heard.filter(({ command }) => command.startsWith('callbackAfter'));
    assert.deepEqual(
      told.map(({ command, body }) => [shortCommand(command), JSON.parse(body.content).content]),
      [
        ['AfterSendSingleMsg', 'one'],
        ['AfterSendSingleMsg', 'one'],
        ['AfterMsgSaveDB', 'one'],
        ['AfterSendSingleMsg', 'two'],
        ['AfterMsgSaveDB', 'two'],
      ],
    );
    const [first, again] = told.map(({ headers }) => headers['webhook-id']);
    assert.equal(first, again);
  });
});

describe('the end of a group', () => {
  for (const scene of groupEndScenes) {
    test(scene.name, async () => assert.deepEqual(await on.heardBy(scene), inOrder(scene.heard)));
  }
});

describe('tokens as time passes', () => {
  before(async () => {
    // Those of a world's users expire: alice, bob, carol and the admin.
    const from = on.receiver.heard.length;
    on.world.passTime(3_700_000);
    await on.receiver.since(from, 4);
    await on.world.renewAdmin();
    await on.receiver.since(from, 5);
  });
  for (const scene of tokenEndScenes) {
    test(scene.name, async () => assert.deepEqual(await on.heardBy(scene), inOrder(scene.heard)));
  }
});
