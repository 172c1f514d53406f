/**
 * Every hook of objects-push-webhooks.md 3.4 to 3.9, fired by a real call: which are called, in which order, with which
 * bodies, and what they may change. All of them are on, so that a call that fires one too many shows.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MsgData, SendMsgResp } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { hookNames } from '../../src/webhooks/hook-table.ts';
import { type HeardHook, type HookAnswer, HookReceiver } from '../support/hook-receiver.ts';
import { connect } from '../support/socket-client.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

const secret = `whsec_${Buffer.from('a secret of the receiver').toString('base64')}`;

/** A call, and the hooks that it fires: commands and whole bodies, without what no test can know. */
interface Scene {
  readonly rule: string;
  readonly act: () => Promise<unknown>;
  readonly heard: readonly (readonly [command: string, body: object])[];
}

let receiver: HookReceiver;
let world: World;

const short = (command: string) => command.replace(/^callback|Command$/g, '');

/** Values that differ from run to run are only looked at for their kind. */
const changing: Readonly<Record<string, (value: never) => boolean>> = {
  operationID: (value: string) => value.length > 0,
  clientMsgID: (value: string) => /^[0-9a-f]{32}$/.test(value),
  serverMsgID: (value: string) => /^[0-9a-f]{32}$/.test(value),
  sendTime: (value: number) => Number.isSafeInteger(value) && value > 1e12,
  createTime: (value: number) => Number.isSafeInteger(value),
};

/** Times within lists are different with every run, too. */
function withoutTimes(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item) => {
    if (typeof item !== 'object' || item === null) return item;
    const { createTime: _, ...rest } = item;
    return rest;
  });
}

async function heardBy(act: () => Promise<unknown>, count: number) {
  const from = receiver.heard.length;
  await act();
  // What is told comes when it comes: before or after what is asked next.
  const all = await receiver.since(from, count);
  const isAsked = ({ command }: HeardHook) => command.startsWith('callbackBefore');
  const heard = [...all.filter(isAsked), ...all.filter((one) => !isAsked(one))];
  return heard.map(({ command, body }) => {
    assert.equal(body.callbackCommand, command);
    const entries = Object.entries(body).filter(([key, value]) => {
      if (key === 'callbackCommand') return false;
      const isFit = changing[key];
      if (isFit !== undefined) assert.ok(isFit(value as never), `${key} ${value}`);
      return isFit === undefined;
    });
    return [short(command), Object.fromEntries(entries.map(([key, value]) => [key, withoutTimes(value)]))];
  });
}

async function post(path: string, body: object, token = world.token('admin')) {
  return envelopeOf(await world.post(path, body, token));
}

async function done(path: string, body: object, token?: string) {
  const { errCode, errDlt, data } = await post(path, body, token);
  assert.equal(errCode, 0, `${path}: ${errDlt}`);
  return data;
}

const send = (fields: object) =>
  done('/msg/send_msg', { sendID: 'alice', contentType: 101, content: { content: 'hello' }, ...fields });

const toBob = { recvID: 'bob', sessionType: 1 };

/** M of 3.3 as send_msg makes it. */
const message = (fields: object) => ({
  ...{ sendID: 'alice', senderPlatformID: 0, senderNickname: '', sessionType: 1, msgFrom: 200 },
  ...{ contentType: 101, status: 0, content: '{"content":"hello"}', seq: 0, atUserList: null, faceURL: '', ex: '' },
  ...fields,
});

async function openWorld(settings: Readonly<Record<string, string>> = {}): Promise<World> {
  const path = join(tmpdir(), `tessera-webhooks-${process.pid}.yml`);
  const on = hookNames.map((name) => `${name}: { enable: true, timeout: 5 }`);
  await writeFile(path, [`url: ${receiver.url}/back/end/?tenant=a`, ...on].join('\n'));
  return World.open({ TESSERA_WEBHOOKS_FILE: path, TESSERA_WEBHOOKS_SECRET: secret, ...settings });
}

before(async () => {
  receiver = await HookReceiver.open();
  world = await openWorld();
  // Of the users that a world begins with.
  await receiver.since(0, 2);
  await done('/group/create_group', {
    ...{
      groupInfo: { groupID: 'team', groupName: 'The team', groupType: 2 },
      ownerUserID: 'alice',
      memberUserIDs: ['bob'],
    },
  });
});
after(async () => {
  await world[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const user = (userID: string, nickname: string, ex = '') => ({
  ...{ userID, nickname, faceURL: '', ex, appMangerLevel: 0, globalRecvMsgOpt: 0 },
});
const fromTo = { fromUserID: 'dora', toUserID: 'emil' };
const agreement = { ...fromTo, blackUserID: 'emil', HandleResult: 1, HandleMsg: 'yes' };
const friends = { ownerUserID: 'dora', friendUserID: 'emil' };
const imported = { ownerUserID: 'dora', friendUserIDs: ['bob', 'carol'] };
const blocking = { ownerUserID: 'dora', blackUserID: 'emil' };
const atBob = { text: 'hi', atUserList: ['bob'] };
const atMessage = (fields: object) =>
  message({
    ...{ sessionType: 3, contentType: 106, atUserList: ['bob'] },
    ...{ content: JSON.stringify(atBob), ...fields },
  });

describe('each hook is called exactly when the table says, with its whole body', () => {
  for (const { rule, act, heard } of scenes()) {
    test(rule, async () => assert.deepEqual(await heardBy(act, heard.length), heard));
  }
});

function scenes(): readonly Scene[] {
  return [
    {
      rule: 'F35 a message of a single chat: before it is sent, before it is changed, and once it is stored',
      act: () => send({ ...toBob }),
      heard: [
        ['BeforeSendSingleMsg', message({ recvID: 'bob' })],
        ['BeforeMsgModify', message({})],
        ['AfterSendSingleMsg', message({ status: 2, recvID: 'bob' })],
        ['AfterMsgSaveDB', message({ status: 2, recvID: 'bob', groupID: '', seq: 1 })],
      ],
    },
    {
      rule: 'an admin asks nobody before it sends to a user',
      act: () => send({ ...toBob, sendID: 'imAdmin' }),
      heard: [
        ['BeforeMsgModify', message({ sendID: 'imAdmin' })],
        ['AfterSendSingleMsg', message({ status: 2, sendID: 'imAdmin', recvID: 'bob' })],
        ['AfterMsgSaveDB', message({ status: 2, sendID: 'imAdmin', recvID: 'bob', groupID: '', seq: 1 })],
      ],
    },
    {
      rule: 'what is not stored is told of, and that it is stored is not',
      act: () => send({ ...toBob, isOnlineOnly: true }),
      heard: [
        ['BeforeSendSingleMsg', message({ recvID: 'bob' })],
        ['BeforeMsgModify', message({})],
        ['AfterSendSingleMsg', message({ status: 2, recvID: 'bob' })],
      ],
    },
    {
      rule: 'F35 a message of a group: before it is sent, before it is changed, and once it is stored',
      act: () => send({ groupID: 'team', sessionType: 3, contentType: 106, content: atBob }),
      heard: [
        ['BeforeSendGroupMsg', atMessage({ groupID: 'team' })],
        ['BeforeMsgModify', atMessage({})],
        ['AfterSendGroupMsg', atMessage({ status: 2, groupID: 'team' })],
        ['AfterMsgSaveDB', atMessage({ status: 2, groupID: 'team', recvID: '', seq: 2 })],
      ],
    },
    {
      rule: 'a user is registered: asked and told of all of them',
      act: () =>
        done('/user/user_register', {
          users: [
            { userID: 'dora', nickname: 'Dora' },
            { userID: 'emil', nickname: 'E', ex: 'x' },
          ],
        }),
      heard: [
        ['BeforeUserRegister', { users: [user('dora', 'Dora'), user('emil', 'E', 'x')] }],
        ['AfterUserRegister', { users: [user('dora', 'Dora'), user('emil', 'E', 'x')] }],
      ],
    },
    {
      rule: 'update_user_info says by empty texts what stays as it is',
      act: () => done('/user/update_user_info', { userInfo: { userID: 'dora', nickname: 'D' } }),
      heard: [
        ['BeforeUpdateUserInfo', { userID: 'dora', nickName: 'D', faceURL: '', ex: '' }],
        ['AfterUpdateUserInfo', { userID: 'dora', nickName: 'D', faceURL: '', ex: '' }],
      ],
    },
    {
      rule: 'update_user_info_ex says it by null',
      act: () => done('/user/update_user_info_ex', { userInfo: { userID: 'dora', ex: 'e' } }),
      heard: [
        ['BeforeUpdateUserInfoEx', { userID: 'dora', nickName: null, faceURL: null, ex: 'e' }],
        ['AfterUpdateUserInfoEx', { userID: 'dora', nickName: null, faceURL: null, ex: 'e' }],
      ],
    },
    {
      rule: 'somebody asks to be friends',
      act: () => done('/friend/add_friend', { ...fromTo, reqMsg: 'hi', ex: 'x' }),
      heard: [
        ['BeforeAddFriend', { ...fromTo, reqMsg: 'hi', ex: 'x' }],
        ['AfterAddFriend', { ...fromTo, reqMsg: 'hi' }],
      ],
    },
    {
      rule: 'who says no to it tells nobody outside',
      act: () => done('/friend/add_friend_response', { ...fromTo, handleResult: -1 }),
      heard: [],
    },
    {
      rule: 'somebody asks again, and the other one agrees',
      act: async () => {
        await done('/friend/add_friend', { ...fromTo, reqMsg: '', ex: '' });
        await done('/friend/add_friend_response', { ...fromTo, handleResult: 1, handleMsg: 'yes' });
      },
      heard: [
        ['BeforeAddFriend', { ...fromTo, reqMsg: '', ex: '' }],
        ['BeforeAddFriendAgree', agreement],
        ['AfterAddFriend', { ...fromTo, reqMsg: '' }],
        ['AfterAddFriendAgree', agreement],
      ],
    },
    {
      rule: 'a remark is set of a friend',
      act: () => done('/friend/set_friend_remark', { ...friends, remark: 'R' }),
      heard: [
        ['BeforeSetFriendRemark', { ...friends, remark: 'R' }],
        ['AfterSetFriendRemark', { ...friends, remark: 'R' }],
      ],
    },
    {
      rule: 'a friend is deleted',
      act: () => done('/friend/delete_friend', friends),
      heard: [['AfterDeleteFriend', friends]],
    },
    {
      rule: 'friends are imported',
      act: () => done('/friend/import_friend', imported),
      heard: [
        ['BeforeImportFriends', imported],
        ['AfterImportFriends', imported],
      ],
    },
    {
      rule: 'a user is blocked, and not any more',
      act: async () => {
        await done('/friend/add_black', blocking);
        await done('/friend/remove_black', blocking);
      },
      heard: [
        ['BeforeAddBlack', blocking],
        ['AfterRemoveBlack', blocking],
      ],
    },
  ];
}

interface FoundUsers {
  readonly usersInfo: { nickname: string; ex: string }[] | null;
}

interface Pulled {
  readonly msgs: Record<string, { Msgs: { senderNickname: string; ex: string; content: string }[] }>;
}

const refused = { actionCode: 0, errCode: 7001, errMsg: 'no', errDlt: 'not today', nextCode: 1 };

/** With this answer to one command, and `{}` to all others again afterwards. */
async function answering<T>(command: string, answer: HookAnswer, act: () => Promise<T>): Promise<T> {
  receiver.answers.set(`callback${command}Command`, answer);
  try {
    return await act();
  } finally {
    receiver.answers.clear();
  }
}

const bounds = async (conversationID: string) =>
  ((await done('/msg/newest_seq', { userID: 'bob' })) as { maxSeqs: Record<string, number> }).maxSeqs[conversationID];

describe('before-hooks decide', () => {
  const say = () => post('/msg/send_msg', { sendID: 'alice', contentType: 101, content: { content: 'x' }, ...toBob });

  test('F33 nextCode 1 refuses with the code and text of the hook, for every actionCode, and nothing is stored', async () => {
    for (const command of ['BeforeSendSingleMsg', 'BeforeMsgModify']) {
      for (const actionCode of [0, 1, 5]) {
        const earlier = await bounds('si_alice_bob');
        const { errCode, errMsg, errDlt } = await answering(command, { ...refused, actionCode }, say);
        assert.deepEqual([errCode, errMsg, errDlt], [7001, 'no', 'not today']);
        assert.deepEqual(await bounds('si_alice_bob'), earlier);
      }
    }
    const first = { sendID: 'bob', recvID: 'carol', sessionType: 1, contentType: 101, content: { content: 'x' } };
    await answering('BeforeMsgModify', refused, () => post('/msg/send_msg', first));
    const { conversations } = (await done('/conversation/get_all_conversations', { ownerUserID: 'carol' })) as {
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
      const { errCode } = await answering('BeforeSendSingleMsg', { ...refused, errCode: given }, say);
      assert.equal(errCode, expected, `errCode ${given}`);
    }
  });

  test('other answers let pass: {}, nextCode 0, an errCode alone, any status', async () => {
    const teapot = (response: ServerResponse) => void response.writeHead(418).end('{"actionCode":0}');
    for (const answer of [{}, { nextCode: 0, errCode: 5 }, { nextCode: 2 }, teapot]) {
      assert.equal((await answering('BeforeSendSingleMsg', answer, say)).errCode, 0);
    }
  });

  test('O1 a receiver that answers HTML, 10 MB, a redirect or nothing fails the call, which stores nothing', async () => {
    const html = (response: ServerResponse) => void response.writeHead(200).end('<html></html>');
    const redirect = (response: ServerResponse) => void response.writeHead(302, { location: receiver.url }).end('{}');
    const large = (response: ServerResponse) => void response.end(`{"a":"${'x'.repeat(10_000_000)}"}`);
    const reset = (response: ServerResponse) => void response.destroy();
    for (const [answer, code] of [
      [html, 90007],
      [['a list'], 90007],
      [large, 90007],
      [redirect, 90004],
      [reset, 90004],
    ] as const) {
      const earlier = await bounds('si_alice_bob');
      assert.equal((await answering('BeforeSendSingleMsg', answer, say)).errCode, code);
      assert.deepEqual(await bounds('si_alice_bob'), earlier);
    }
  });

  test('F35 what beforeMsgModify changes is changed in the sender’s answer, in store and for who pulls', async () => {
    const changes = {
      ...{ content: '{"content":"changed"}', senderNickname: 'A', ex: 'e', contentType: 101, atUserIDList: ['bob'] },
      ...{ options: { unreadCount: false }, offlinePushInfo: { title: 't', iOSBadgeCount: true } },
    };
    const socket = await connect({ port: world.wsPort, query: { platformID: '1', token: world.token('user') } });
    const sent = newMsgData({
      ...{ sendID: 'alice', recvID: 'bob', sessionType: 1, contentType: 101, clientMsgID: 'by socket' },
      content: Buffer.from('{"content":"as it was"}'),
    });
    const reply = await answering('BeforeMsgModify', changes, () =>
      socket.request(reqIdentifiers.sendMessage, MsgData.encode(sent).finish()),
    );
    const { modify } = SendMsgResp.decode(Buffer.from(reply.data ?? '', 'base64'));
    await socket.close();
    assert.ok(modify);
    assert.equal(Buffer.from(modify.content).toString(), changes.content);
    assert.deepEqual([modify.senderNickname, modify.ex, modify.atUserIDList], ['A', 'e', ['bob']]);
    assert.deepEqual([...modify.options], [['unreadCount', false]]);
    assert.deepEqual([modify.offlinePushInfo?.title, modify.offlinePushInfo?.iOSBadgeCount], ['t', true]);
    const { maxSeqs } = (await done('/msg/newest_seq', { userID: 'bob' })) as { maxSeqs: Record<string, number> };
    const seq = maxSeqs.si_alice_bob ?? 0;
    const seqRanges = [{ conversationID: 'si_alice_bob', begin: seq, end: seq, num: 1 }];
    const { msgs } = (await done('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 })) as Pulled;
    const [pulled] = msgs.si_alice_bob?.Msgs ?? [];
    const pulledContent = Buffer.from(pulled?.content ?? '', 'base64').toString();
    assert.deepEqual([pulled?.senderNickname, pulled?.ex, pulledContent], ['A', 'e', changes.content]);
  });

  test('F35 what the hooks of users and friends may change is changed', async () => {
    const find = async (userID: string) =>
      ((await done('/user/get_users_info', { userIDs: [userID] })) as FoundUsers).usersInfo?.[0];
    const instead = { users: [{ userID: 'fritz', nickname: 'F', ex: 'x' }] };
    await answering('BeforeUserRegister', instead, () => world.register('franz'));
    assert.equal(await find('franz'), undefined);
    assert.equal((await find('fritz'))?.nickname, 'F');
    await answering('BeforeUpdateUserInfoEx', { nickName: 'G', ex: '' }, () =>
      done('/user/update_user_info_ex', { userInfo: { userID: 'fritz', faceURL: 'f' } }),
    );
    const changed = await find('fritz');
    assert.deepEqual([changed?.nickname, changed?.ex], ['G', '']);
    await answering('BeforeImportFriends', { friendUserIDs: ['alice'] }, () =>
      done('/friend/import_friend', { ownerUserID: 'fritz', friendUserIDs: ['bob'] }),
    );
    await answering('BeforeSetFriendRemark', { remark: 'Al' }, () =>
      done('/friend/set_friend_remark', { ownerUserID: 'fritz', friendUserID: 'alice', remark: 'A' }),
    );
    const pagination = { pageNumber: 1, showNumber: 10 };
    const { friendsInfo } = (await done('/friend/get_friend_list', { userID: 'fritz', pagination })) as {
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
      assert.equal((await answering(command, refused, () => post(path, body))).errCode, 7001, command);
    }
    assert.equal(await find('hugo'), undefined);
  });

  test('M5 a message whose target is changed is authorised anew', async () => {
    const from = receiver.heard.length;
    const outcome = async (sendID: string, changes: object) =>
      (
        await answering('BeforeMsgModify', changes, () =>
          post('/msg/send_msg', { ...toBob, sendID, contentType: 101, content: { content: 'x' } }),
        )
      ).errCode;
    const toTeam = { sessionType: 3, groupID: 'team' };
    assert.equal(await outcome('alice', toTeam), 0);
    assert.equal(await outcome('carol', toTeam), 1203);
    assert.equal(await outcome('alice', { recvID: 'nobody' }), 1004);
    assert.equal(await outcome('alice', { content: 'no JSON' }), 1001);
    assert.equal(await outcome('alice', { sessionType: 'three' }), 1001);
    // The last of what is told of the one that was sent: it must not fall into the next test.
    await receiver.until(from, 'callbackAfterMsgSaveDBCommand');
  });
});

describe('requests', () => {
  test('F34 the URL is used as it is written; requests are signed, and carry the operation and an ID', async () => {
    const from = receiver.heard.length;
    await send({ ...toBob, clientMsgID: 'signed' });
    const heard = await receiver.since(from, 4);
    assert.deepEqual(
      heard.map(({ url }) => [url.pathname, url.searchParams.get('tenant')]),
      heard.map(({ command }) => [`/back/end/${command}`, 'a']),
    );
    for (const { headers, raw } of heard) {
      assert.equal(headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(headers.operationid, 'op-/msg/send_msg');
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers;
      const key = Buffer.from(secret.slice(6), 'base64');
      assert.equal(signature, `v1,${createHmac('sha256', key).update(`${id}.${at}.${raw}`).digest('base64')}`);
    }
    assert.equal(new Set(heard.map(({ headers }) => headers['webhook-id'])).size, 4);
    const keys = heard.slice(2).map(({ url }) => Buffer.from(url.searchParams.get('key') ?? '', 'base64').toString());
    assert.deepEqual(keys, Array(2).fill('{"sendID":"alice","recvID":"bob","groupID":""}'));
    const [, , told] = heard;
    const reply = await post(
      `/msg/send_simple_msg?${new URLSearchParams({ key: told?.url.searchParams.get('key') ?? '' })}`,
      {
        content: 'an answer',
      },
    );
    assert.equal(reply.errCode, 0, reply.errDlt);
    await receiver.since(from, 8);
  });

  test('what the receiver did not take is told again with the same ID, before anything younger of the conversation', async () => {
    const from = receiver.heard.length;
    let isDown = true;
    const once = (response: ServerResponse) => {
      if (isDown) response.writeHead(503).end('<html>busy</html>');
      else response.end('{}');
      isDown = false;
    };
    const heard = await answering('AfterSendSingleMsg', once, async () => {
      for (const content of ['one', 'two']) await send({ ...toBob, content: { content } });
      return receiver.since(from, 9);
    });
    const told = heard.filter(({ command }) => command.startsWith('callbackAfter'));
    assert.deepEqual(
      told.map(({ command, body }) => [short(command), JSON.parse(body.content).content]),
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
