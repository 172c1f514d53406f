/** Active users and groups (rest-core chapter, section 9). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import groupActive from '../../src/http/routes/statistics/group/active.ts';
import userActive from '../../src/http/routes/statistics/user/active.ts';
import { as, makeTeam } from './group-scenes.ts';
import { testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const midnight = Date.UTC(2024, 0, 2);
const dayMs = 86_400_000;
const range = { start: midnight - 1, end: midnight + dayMs };
const page = { pageNumber: 1, showNumber: 10 };

/** A back end imports messages of the past: the times are its own. */
async function say(world: World, sendID: string, to: { recvID: string } | { groupID: string }, sendTime: number) {
  const sessionType = 'groupID' in to ? 3 : 1;
  const content = { content: 'hi' };
  await world.call('/msg/send_msg', { sendID, ...to, contentType: 101, sessionType, sendTime, content });
}

/** In single chats: alice 3 in the range, bob 2, carol 1. In groups: alice 1 in `one`, carol 2 in `two`. */
async function chat(world: World): Promise<void> {
  await makeTeam(world, 'one');
  await makeTeam(world, 'two');
  await say(world, 'alice', { recvID: 'bob' }, midnight - 2);
  await say(world, 'alice', { recvID: 'bob' }, midnight - 1);
  await say(world, 'alice', { recvID: 'bob' }, midnight);
  await say(world, 'alice', { recvID: 'bob' }, midnight + dayMs - 1);
  await say(world, 'bob', { recvID: 'alice' }, midnight + dayMs);
  await say(world, 'bob', { recvID: 'alice' }, midnight);
  await say(world, 'bob', { recvID: 'carol' }, midnight);
  await say(world, 'carol', { recvID: 'bob' }, midnight);
  await say(world, 'alice', { groupID: 'one' }, midnight);
  await say(world, 'carol', { groupID: 'two' }, midnight);
  await say(world, 'carol', { groupID: 'two' }, midnight + 1);
}

interface Answer {
  readonly msgCount: number;
  readonly userCount: number;
  readonly groupCount: number;
  readonly dateCount?: Readonly<Record<string, number>>;
  readonly users: readonly { readonly user: { userID: string; nickname: string }; readonly count: number }[] | null;
  readonly groups: readonly { readonly group: { groupID: string; groupName: string }; readonly count: number }[] | null;
}

const usersOf = ({ users }: Answer) => (users ?? []).map(({ user, count }) => `${user.userID} ${count}`);
const groupsOf = ({ groups }: Answer) => (groups ?? []).map(({ group, count }) => `${group.groupID} ${count}`);

const badInput = [
  { name: 'rest-core 9: defect of OpenIM: no pagination is 1001', body: range, expect: { errCode: 1001 } },
  {
    name: 'rest-core 9: defect of OpenIM: showNumber 0 is 1001',
    body: { ...range, pagination: { pageNumber: 1, showNumber: 0 } },
    expect: { errCode: 1001 },
  },
  {
    name: 'rest-core 9: a start after the end is 1001',
    body: { start: 2, end: 1, pagination: page },
    expect: { errCode: 1001 },
  },
  {
    name: 'rest-core 9: a start below 0 is 1001',
    body: { start: -1, end: 1, pagination: page },
    expect: { errCode: 1001 },
  },
  {
    name: 'rest-core 9: a user is 1002',
    token: as('alice'),
    body: { ...range, pagination: page },
    expect: { errCode: 1002 },
  },
];

testEndpoint(
  userActive,
  [
    {
      name: 'rest-core 9: messages of single chats by sender from start on and before end, by days of UTC',
      body: { ...range, pagination: page },
      expect: {
        errCode: 0,
        data: (answer: Answer) => {
          assert.deepEqual(usersOf(answer), ['alice 3', 'bob 2', 'carol 1']);
          assert.partialDeepStrictEqual(answer, {
            msgCount: 6,
            userCount: 3,
            dateCount: { '2024-01-01': 1, '2024-01-02': 5 },
          });
          assert.equal(Object.keys(answer.dateCount ?? {}).length, 2);
        },
      },
    },
    {
      name: 'rest-core 9: with `group` the messages of groups count too; equally active ones come by their IDs',
      body: { ...range, group: true, pagination: page },
      expect: {
        errCode: 0,
        data: (answer: Answer) => {
          assert.deepEqual(usersOf(answer), ['alice 4', 'carol 3', 'bob 2']);
          assert.equal(answer.msgCount, 9);
        },
      },
    },
    {
      name: 'rest-core 9: `ase` has the least active first',
      body: { ...range, ase: true, pagination: page },
      expect: {
        errCode: 0,
        data: (answer: Answer) => assert.deepEqual(usersOf(answer), ['carol 1', 'bob 2', 'alice 3']),
      },
    },
    {
      name: 'rest-core 9: defect of OpenIM: the second page begins where the first has ended',
      body: { ...range, pagination: { pageNumber: 2, showNumber: 2 } },
      expect: {
        errCode: 0,
        data: (answer: Answer) => {
          assert.deepEqual(usersOf(answer), ['carol 1']);
          assert.equal(answer.userCount, 3);
        },
      },
    },
    {
      name: 'rest-core 9: a range without messages has zeros, null and no days',
      body: { start: 1, end: 1, pagination: page },
      expect: { errCode: 0, data: { msgCount: 0, userCount: 0, users: null } },
    },
    ...badInput,
    {
      name: 'rest-core 9: a sender who is no user any more has its ID as name',
      given: async (world) => run(world, "DELETE FROM users WHERE user_id = 'carol'"),
      body: { ...range, pagination: { pageNumber: 3, showNumber: 1 } },
      expect: {
        errCode: 0,
        data: (answer: Answer) =>
          assert.partialDeepStrictEqual(answer.users, [{ user: { userID: 'carol', nickname: 'carol' }, count: 1 }]),
      },
    },
  ],
  { setUp: chat },
);

testEndpoint(
  groupActive,
  [
    {
      name: 'rest-core 9: messages by group from start on and before end, by days of UTC',
      body: { ...range, pagination: page },
      expect: {
        errCode: 0,
        data: (answer: Answer) => {
          assert.deepEqual(groupsOf(answer), ['two 2', 'one 1']);
          assert.deepEqual([answer.msgCount, answer.groupCount, answer.dateCount], [3, 2, { '2024-01-02': 3 }]);
        },
      },
    },
    {
      name: 'rest-core 9: groups: `ase` and the second page',
      body: { ...range, ase: true, pagination: { pageNumber: 2, showNumber: 1 } },
      expect: { errCode: 0, data: (answer: Answer) => assert.deepEqual(groupsOf(answer), ['two 2']) },
    },
    {
      name: 'rest-core 9: no group was active: zeros, null and no days',
      body: { start: 1, end: 1, pagination: page },
      expect: { errCode: 0, data: { msgCount: 0, groupCount: 0, groups: null } },
    },
    ...badInput,
    {
      name: 'rest-core 9: defect of OpenIM: a group that is gone keeps its count, and shifts no other',
      given: async (world) => run(world, "DELETE FROM groups WHERE group_id = 'two'"),
      body: { ...range, pagination: page },
      expect: {
        errCode: 0,
        data: (answer: Answer) => {
          assert.deepEqual(groupsOf(answer), ['two 2', 'one 1']);
          assert.equal(answer.groups?.[0]?.group.groupName, 'two');
        },
      },
    },
  ],
  { setUp: chat },
);

/** What no endpoint does: users and dismissed groups stay. */
function run(world: World, statement: string): void {
  const db = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  db.exec(statement);
  db.close();
}
