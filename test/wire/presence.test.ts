/** Who is online, over REST: rest-core.md 7.10. Over sockets: gateway-presence.test.ts. */
import assert from 'node:assert/strict';
import getSubscribeUsersStatus from '../../src/http/routes/user/get_subscribe_users_status.ts';
import getUsersOnlineStatus from '../../src/http/routes/user/get_users_online_status.ts';
import getUsersOnlineTokenDetail from '../../src/http/routes/user/get_users_online_token_detail.ts';
import getUsersStatus from '../../src/http/routes/user/get_users_status.ts';
import subscribeUsersStatus from '../../src/http/routes/user/subscribe_users_status.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

/** A device of the table's world; the world closes it in the end. */
async function online(
  world: World,
  userID: string,
  platformID: number,
  isBackground = false,
): Promise<{ client: SocketClient; token: string }> {
  const token = await world.issue(userID, platformID);
  const query = { sendID: userID, token, platformID: String(platformID), isBackground: String(isBackground) };
  return { client: await connect({ port: world.wsPort, query }), token };
}

function jtiOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
}

/** Alice is online with Web and Android, bob with HarmonyOS. */
async function someOnline(world: World): Promise<void> {
  await online(world, 'alice', 5);
  await online(world, 'alice', 2);
  await online(world, 'bob', 11);
}

const aliceOnline = { userID: 'alice', status: 1, platformIDs: [2, 5] };
const carolOffline = { userID: 'carol', status: 0, platformIDs: null };

testEndpoint(
  getUsersStatus,
  [
    {
      name: 'statuses come in the order asked, repeats too; unknown users are offline',
      body: { userIDs: ['carol', 'alice', 'nobody', 'alice', 'bob'] },
      expect: {
        errCode: 0,
        data: {
          statusList: [
            carolOffline,
            aliceOnline,
            { userID: 'nobody', status: 0, platformIDs: null },
            aliceOnline,
            { userID: 'bob', status: 1, platformIDs: [11] },
          ],
        },
      },
    },
    {
      name: 'any user may ask about any user; userID is not looked at',
      token: 'other',
      body: { userID: 'whoever', userIDs: ['alice'] },
      expect: { errCode: 0, data: { statusList: [aliceOnline] } },
    },
    {
      name: 'a device that goes leaves at once',
      given: async (world) => {
        const { client } = await online(world, 'carol', 3);
        await client.close();
      },
      body: { userIDs: ['carol'] },
      expect: { errCode: 0, data: { statusList: [carolOffline] } },
    },
    { name: 'nobody asked about is 1001', body: { userIDs: [] }, expect: { errCode: 1001 } },
  ],
  { setUp: someOnline },
);

let phone: Awaited<ReturnType<typeof online>>;
let tablet: Awaited<ReturnType<typeof online>>;

testEndpoint(getUsersOnlineStatus, [
  {
    name: 'T6: each connection is listed with what it is and the jti of its token, never the token',
    given: async (world) => {
      phone = await online(world, 'carol', 1, true);
      tablet = await online(world, 'carol', 9);
    },
    body: { userIDs: ['bob', 'carol'] },
    expect: {
      errCode: 0,
      data: (users: { detailPlatformStatus: { connID: string; token: string }[] | null }[]) => {
        const connIDs = (users[1]?.detailPlatformStatus ?? []).map(({ connID }) => connID);
        for (const connID of connIDs) assert.match(connID, /^[0-9a-f]{32}$/);
        assert.deepEqual(users, [
          { userID: 'bob', status: 0, detailPlatformStatus: null },
          {
            userID: 'carol',
            status: 1,
            detailPlatformStatus: [
              { platformID: 1, connID: connIDs[0], isBackground: true, token: jtiOf(phone.token) },
              { platformID: 9, connID: connIDs[1], isBackground: false, token: jtiOf(tablet.token) },
            ],
          },
        ]);
      },
    },
  },
  {
    name: 'a kicked connection is not listed any more',
    given: async (world) => {
      await world.call('/auth/force_logout', { userID: 'carol', platformID: 9 });
      await tablet.client.closed;
    },
    body: { userIDs: ['carol'] },
    expect: {
      errCode: 0,
      data: ([carol]: { detailPlatformStatus: { platformID: number }[] }[]) =>
        assert.deepEqual(
          carol?.detailPlatformStatus.map(({ platformID }) => platformID),
          [1],
        ),
    },
  },
  { name: 'no users, no answer', body: { userIDs: [] }, expect: { errCode: 0, data: null } },
  { name: 'only admins: 1002', token: 'user', body: { userIDs: ['carol'] }, expect: { errCode: 1002 } },
  { name: 'only admins, also for nothing: 1002', token: 'user', body: {}, expect: { errCode: 1002 } },
]);

let first: Awaited<ReturnType<typeof online>>;

testEndpoint(getUsersOnlineTokenDetail, [
  { name: 'nobody online, nothing listed', body: { userIDs: ['alice'] }, expect: { errCode: 0, data: null } },
  {
    name: 'T6: only those online, by platform in order, with a jti for each connection',
    given: async (world) => {
      tablet = await online(world, 'bob', 9);
      first = await online(world, 'bob', 3);
      await connect({ port: world.wsPort, query: { sendID: 'bob', token: first.token, platformID: '3' } });
    },
    body: { userIDs: ['alice', 'bob', 'nobody'] },
    expect: {
      errCode: 0,
      data: (users: unknown) =>
        assert.deepEqual(users, [
          {
            userID: 'bob',
            status: 1,
            singlePlatformToken: [
              { platformID: 3, total: 2, token: [jtiOf(first.token), jtiOf(first.token)] },
              { platformID: 9, total: 1, token: [jtiOf(tablet.token)] },
            ],
          },
        ]),
    },
  },
  { name: 'no users, no answer', body: {}, expect: { errCode: 0, data: null } },
  {
    name: 'defect of OpenIM: who is no admin is told so: 1002',
    token: 'other',
    body: { userIDs: ['bob'] },
    expect: { errCode: 1002 },
  },
]);

const subscription = { userID: 'alice', userIDs: ['bob'], genre: 1 };

testEndpoint(subscribeUsersStatus, [
  {
    name: 'subscribing has no effect',
    token: 'user',
    body: subscription,
    expect: { errCode: 0, data: { statusList: null } },
  },
  {
    name: 'unsubscribing neither',
    token: 'user',
    body: { ...subscription, genre: 2 },
    expect: { errCode: 0, data: { statusList: null } },
  },
  ...Object.entries({ userID: '', userIDs: [], genre: 3 }).map(([field, value]) => ({
    name: `${field} that is ${JSON.stringify(value)} is 1001`,
    token: 'user' as const,
    body: { ...subscription, [field]: value },
    expect: { errCode: 1001, errDlt: new RegExp(field) },
  })),
]);

testEndpoint(getSubscribeUsersStatus, [
  {
    name: 'there are no subscriptions over REST',
    token: 'user',
    body: { userID: 'alice' },
    expect: { errCode: 0, data: { statusList: null } },
  },
  { name: 'no user is 1001', token: 'user', body: {}, expect: { errCode: 1001 } },
]);
