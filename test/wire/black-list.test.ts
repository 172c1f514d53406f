/** Whom a user blocks, and what follows for sending: relations-groups.md 3.3, 5.7 and 5.8; conversations-messages.md 6.1. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import addBlack from '../../src/http/routes/friend/add_black.ts';
import getBlackList from '../../src/http/routes/friend/get_black_list.ts';
import getIncrementalBlacks from '../../src/http/routes/friend/get_incremental_blacks.ts';
import getSpecifiedBlacks from '../../src/http/routes/friend/get_specified_blacks.ts';
import removeBlack from '../../src/http/routes/friend/remove_black.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { connect } from '../support/socket-client.ts';
import { forgetUser } from './forget-user.ts';
import { envelopeOf } from './raw-http.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

interface BlackRow {
  readonly createTime: number;
  readonly blackUserInfo: { readonly userID: string };
}

interface Changes {
  readonly version: number;
  readonly versionID: string;
  readonly full: boolean;
  readonly delete: string[] | null;
  readonly insert: BlackRow[] | null;
}

const as = (userID: string) => (world: World) => world.issue(userID, 2);
const block = (world: World, ownerUserID: string, blackUserID: string, ex = '') =>
  world.call('/friend/add_black', { ownerUserID, blackUserID, ex });
const unblock = (world: World, ownerUserID: string, blackUserID: string) =>
  world.call('/friend/remove_black', { ownerUserID, blackUserID });
const listOf = async (world: World, userID: string): Promise<BlackRow[]> =>
  (await world.call('/friend/get_black_list', { userID, pagination: { pageNumber: 1, showNumber: 200 } })).blacks ?? [];
const namesOf = (rows: readonly BlackRow[] | null) => rows?.map(({ blackUserInfo }) => blackUserInfo.userID) ?? null;
const syncOf = (world: World, userID: string, since: object = {}): Promise<Changes> =>
  world.call('/friend/get_incremental_blacks', { userID, ...since });

let head: Changes;
let list: BlackRow[];
const noting = (given?: (world: World) => Promise<unknown>) => async (world: World) => {
  await given?.(world);
  head = await syncOf(world, 'ann');
  list = await listOf(world, 'ann');
};
const nothingChanged = async (_: never, world: World) => {
  assert.equal((await syncOf(world, 'ann')).version, head.version);
  assert.deepEqual(await listOf(world, 'ann'), list);
};

function refused(name: string, errCode: number, body: object): Scenario {
  return { name, token: as('ann'), given: noting(), body, expect: { errCode, data: nothingChanged } };
}

const setUp = (world: World) => world.register('ann', 'ben', 'cid', 'dan');

testEndpoint(
  addBlack,
  [
    {
      name: '5.8: the user is blocked, with one version step, and is a friend still',
      token: as('ann'),
      given: noting((world) => world.call('/friend/import_friend', { ownerUserID: 'ann', friendUserIDs: ['ben'] })),
      body: { ownerUserID: 'ann', blackUserID: 'ben', ex: '{}' },
      expect: {
        errCode: 0,
        data: async (_: never, world: World) => {
          const { version, insert, full } = await syncOf(world, 'ann', head);
          assert.deepEqual([version, namesOf(insert), full], [head.version + 1, ['ben'], false]);
          const [{ createTime, ...row } = { createTime: 0 }] = await listOf(world, 'ann');
          assert.ok(Math.abs(createTime - Date.now() / 1000) < 120, '3.3: seconds');
          assert.deepEqual(row, {
            ownerUserID: 'ann',
            blackUserInfo: { userID: 'ben', nickname: 'ben', faceURL: '', ex: '' },
            addSource: 0,
            operatorUserID: 'ann',
            ex: '{}',
          });
          assert.deepEqual(await listOf(world, 'ben'), []);
          const { inUser1Friends } = await world.call('/friend/is_friend', { userID1: 'ann', userID2: 'ben' });
          assert.equal(inUser1Friends, true);
        },
      },
    },
    {
      name: 'F15, defect of OpenIM: blocking again is a success without effect',
      token: as('ann'),
      given: noting(),
      body: { ownerUserID: 'ann', blackUserID: 'ben', ex: 'other' },
      expect: { errCode: 0, data: nothingChanged },
    },
    {
      name: 'an admin blocks for others, and is said to have',
      given: noting(),
      body: { ownerUserID: 'ann', blackUserID: 'cid' },
      expect: {
        errCode: 0,
        data: async (_: never, world: World) =>
          assert.partialDeepStrictEqual((await listOf(world, 'ann'))[1], { operatorUserID: 'imAdmin' }),
      },
    },
    refused('5.8: oneself is 1004', 1004, { ownerUserID: 'ann', blackUserID: 'ann' }),
    refused('5.8: who is not registered is 1004', 1004, { ownerUserID: 'ann', blackUserID: 'ghost' }),
    refused("M5: not on others' lists: 1002", 1002, { ownerUserID: 'ben', blackUserID: 'ann' }),
    refused('nobody is 1001', 1001, { ownerUserID: 'ann', blackUserID: '' }),
    {
      name: 'an owner who is not registered is 1004',
      body: { ownerUserID: 'ghost', blackUserID: 'ann' },
      expect: { errCode: 1004 },
    },
  ],
  { setUp },
);

testEndpoint(
  removeBlack,
  [
    {
      name: '5.8: the user is blocked no more, with one version step',
      token: as('ann'),
      given: noting(async (world) => {
        await block(world, 'ann', 'ben');
        await block(world, 'ann', 'cid');
      }),
      body: { ownerUserID: 'ann', blackUserID: 'ben' },
      expect: {
        errCode: 0,
        data: async (_: never, world: World) => {
          const changes = await syncOf(world, 'ann', head);
          assert.deepEqual([changes.version, changes.delete, changes.insert], [head.version + 1, ['ben'], null]);
          assert.deepEqual(namesOf(await listOf(world, 'ann')), ['cid']);
          const asked = { ownerUserID: 'ann', userIDList: ['ben'] };
          assert.deepEqual(
            await world.call('/friend/get_specified_blacks', asked),
            { blacks: null, total: 0 },
            'as the JS SDK expects it afterwards',
          );
        },
      },
    },
    ...['ben', 'ghost'].map((blackUserID) => ({
      name: `F15: unblocking ${blackUserID}, who is not blocked, is a success without effect`,
      token: as('ann'),
      given: noting(),
      body: { ownerUserID: 'ann', blackUserID },
      expect: { errCode: 0, data: nothingChanged },
    })),
    refused("M5: not on others' lists: 1002", 1002, { ownerUserID: 'ben', blackUserID: 'ann' }),
    refused('nobody is 1001', 1001, { ownerUserID: 'ann', blackUserID: '' }),
  ],
  { setUp },
);

const page = (pageNumber: number, showNumber: number) => ({ userID: 'ann', pagination: { pageNumber, showNumber } });
const isPage = (total: number, ...names: string[]) => ({
  errCode: 0,
  data: (data: { blacks: BlackRow[] | null; total: number }) =>
    assert.deepEqual([data.total, namesOf(data.blacks)], [total, names.length === 0 ? null : names]),
});
testEndpoint(
  getBlackList,
  [
    { name: 'nobody: null', token: as('ann'), body: page(1, 200), expect: isPage(0) },
    {
      name: '5.7: as they came, who comes back behind the others',
      token: as('ann'),
      given: async (world) => {
        for (const other of ['dan', 'ben', 'cid']) await block(world, 'ann', other);
        await unblock(world, 'ann', 'dan');
        await block(world, 'ann', 'dan');
      },
      body: page(1, 200),
      expect: isPage(3, 'ben', 'cid', 'dan'),
    },
    { name: 'a page holds what it is asked for', token: as('ann'), body: page(1, 2), expect: isPage(3, 'ben', 'cid') },
    { name: 'the last holds the rest', token: as('ann'), body: page(2, 2), expect: isPage(3, 'dan') },
    { name: 'beyond the end there is null', token: as('ann'), body: page(3, 2), expect: isPage(3) },
    { name: '1: showNumber 0 gives the total and null', token: as('ann'), body: page(1, 0), expect: isPage(3) },
    { name: 'an admin reads those of others', body: page(1, 1), expect: isPage(3, 'ben') },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: page(1, 10), expect: { errCode: 1002 } },
    { name: 'page 0 is 1001', token: as('ann'), body: page(0, 10), expect: { errCode: 1001 } },
    {
      name: '5.7, defect of OpenIM: who is not registered any more has an empty profile and fails nothing',
      token: as('ann'),
      given: (world) => forgetUser(world, 'ben'),
      body: page(1, 1),
      expect: {
        errCode: 0,
        data: ({ blacks }: { blacks: BlackRow[] }) =>
          assert.deepEqual(blacks[0]?.blackUserInfo, { userID: 'ben', nickname: '', faceURL: '', ex: '' }),
      },
    },
  ],
  { setUp },
);

testEndpoint(
  getSpecifiedBlacks,
  [
    {
      name: '5.7: who is blocked, in the order asked, in milliseconds, with profiles and their number',
      token: as('ann'),
      given: async (world) => {
        for (const other of ['ben', 'cid', 'dan']) await block(world, 'ann', other);
      },
      body: { ownerUserID: 'ann', userIDList: ['dan', 'alice', 'ben', 'ghost'] },
      expect: {
        errCode: 0,
        data: ({ blacks, total }: { blacks: BlackRow[]; total: number }) => {
          assert.deepEqual([namesOf(blacks), total], [['dan', 'ben'], 2]);
          for (const { createTime } of blacks) assert.ok(Math.abs(createTime - Date.now()) < 120_000);
        },
      },
    },
    {
      name: 'nobody is: null and 0',
      token: as('ann'),
      body: { ownerUserID: 'ann', userIDList: ['alice'] },
      expect: { errCode: 0, data: { blacks: null, total: 0 } },
    },
    {
      name: '5: one who is named twice is 1001',
      token: as('ann'),
      body: { ownerUserID: 'ann', userIDList: ['ben', 'ben'] },
      expect: { errCode: 1001 },
    },
    {
      name: 'nobody is asked about: 1001',
      token: as('ann'),
      body: { ownerUserID: 'ann', userIDList: [] },
      expect: { errCode: 1001 },
    },
    {
      name: 'M5: not those of others: 1002',
      token: as('ben'),
      body: { ownerUserID: 'ann', userIDList: ['ben'] },
      expect: { errCode: 1002 },
    },
  ],
  { setUp },
);

testEndpoint(
  getIncrementalBlacks,
  [
    {
      name: 'a first sync is full, with a head to keep',
      token: as('ann'),
      body: { userID: 'ann', version: 0, versionID: '' },
      expect: {
        errCode: 0,
        data: (data: Changes) => {
          assert.partialDeepStrictEqual(data, { version: 1, full: true, delete: null, insert: null, update: null });
          assert.match(data.versionID, /^[0-9a-f]{24}$/);
          head = data;
        },
      },
    },
    {
      name: '10.5, defect of OpenIM, which answers 500: blocked and unblocked since then, in seconds',
      token: as('ann'),
      given: async (world) => {
        await block(world, 'ann', 'ben');
        await block(world, 'ann', 'cid');
        await unblock(world, 'ann', 'ben');
      },
      body: () => ({ userID: 'ann', version: head.version, versionID: head.versionID }),
      expect: {
        errCode: 0,
        data: ({ insert, ...rest }: Changes) => {
          assert.deepEqual(rest, {
            version: head.version + 3,
            versionID: head.versionID,
            full: false,
            delete: ['ben'],
            update: null,
          });
          assert.deepEqual(namesOf(insert), ['cid']);
          assert.ok(Math.abs((insert?.[0]?.createTime ?? 0) - Date.now() / 1000) < 120);
        },
      },
    },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: { userID: 'ann' }, expect: { errCode: 1002 } },
  ],
  { setUp },
);

/** The codes that a message meets over REST, by an admin in the sender's name, and over the sender's own socket. */
async function opened(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const world = await World.open(settings);
  t.after(() => world[Symbol.asyncDispose]());
  await world.register('ann', 'ben');
  const sockets = new Map(
    await Promise.all(
      ['ann', 'ben'].map(async (userID) => {
        const socket = await connect({
          port: world.wsPort,
          query: { sendID: userID, token: await world.issue(userID, 5) },
        });
        t.after(() => socket.ws.terminate());
        return [userID, socket] as const;
      }),
    ),
  );
  const codes = async (sendID: string, recvID: string) => {
    const body = { sendID, recvID, contentType: 101, content: { content: 'hi' }, sessionType: 1 };
    const rest = envelopeOf(await world.post('/msg/send_msg', body, world.token('admin'))).errCode;
    const socket = sockets.get(sendID);
    socket?.send(
      1003,
      MsgData.encode(
        newMsgData({
          sendID,
          recvID,
          sessionType: 1,
          contentType: 101,
          content: Buffer.from(JSON.stringify({ content: 'hi' })),
        }),
      ).finish(),
    );
    for (;;) {
      const reply = await socket?.nextReply();
      if (reply?.reqIdentifier === 1003) return [rest, reply.errCode];
    }
  };
  return { world, codes };
}

test('5.8: who is blocked is refused with 1302 at once, over REST and the socket, and the other way it goes on', async (t) => {
  const { world, codes } = await opened(t);
  assert.deepEqual(await codes('ben', 'ann'), [0, 0]);
  await block(world, 'ann', 'ben');
  assert.deepEqual(await codes('ben', 'ann'), [1302, 1302]);
  assert.deepEqual(await codes('ann', 'ben'), [0, 0]);
  await unblock(world, 'ann', 'ben');
  assert.deepEqual(await codes('ben', 'ann'), [0, 0]);
});

test('5.8: accounts of the system reach who has blocked them', async (t) => {
  const { world, codes } = await opened(t);
  await world.call('/user/user_register', {
    users: [{ userID: 'bot', nickname: 'bot', appMangerLevel: 3 }],
  });
  await block(world, 'ann', 'bot');
  await block(world, 'ann', 'imAdmin');
  const body = { recvID: 'ann', contentType: 101, content: { content: 'hi' }, sessionType: 1 };
  await world.call('/msg/send_msg', { sendID: 'bot', ...body });
  await world.call('/msg/send_msg', { sendID: 'imAdmin', ...body });
  assert.deepEqual(await codes('ben', 'ann'), [0, 0]);
});

test('with friendVerify only who is in the list of the receiver may write, at once; others get 1303', async (t) => {
  const { world, codes } = await opened(t, { TESSERA_FRIEND_VERIFY: 'true' });
  assert.deepEqual(await codes('ben', 'ann'), [1303, 1303]);
  await world.call('/friend/import_friend', { ownerUserID: 'ann', friendUserIDs: ['ben'] });
  assert.deepEqual(await codes('ben', 'ann'), [0, 0]);
  assert.deepEqual(await codes('ann', 'ben'), [0, 0]);
  // Ann takes Ben off her list: his stays, so that she may write to him.
  await world.call('/friend/delete_friend', { ownerUserID: 'ann', friendUserID: 'ben' });
  assert.deepEqual(await codes('ben', 'ann'), [1303, 1303]);
  assert.deepEqual(await codes('ann', 'ben'), [0, 0]);
  // Being blocked counts first.
  await block(world, 'ann', 'ben');
  assert.deepEqual(await codes('ben', 'ann'), [1302, 1302]);
});
