/** Records that users keep: rest-core.md 7.11. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import processUserCommandAdd from '../../src/http/routes/user/process_user_command_add.ts';
import processUserCommandDelete from '../../src/http/routes/user/process_user_command_delete.ts';
import processUserCommandGet from '../../src/http/routes/user/process_user_command_get.ts';
import processUserCommandGetAll from '../../src/http/routes/user/process_user_command_get_all.ts';
import processUserCommandUpdate from '../../src/http/routes/user/process_user_command_update.ts';
import { PushMessages } from '../../src/protocol/gen/openim.ts';
import { connect } from '../support/socket-client.ts';
import { envelopeOf } from './raw-http.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

interface Command {
  readonly type: number;
  readonly createTime: number;
  readonly uuid: string;
  readonly value: string;
  readonly ex: string;
}

const key = { userID: 'alice', type: 7, uuid: 'u-1' };

function add(world: World, fields: object = {}): Promise<unknown> {
  return world.call(processUserCommandAdd.path, { ...key, value: 'v', ex: 'e', ...fields });
}

/** Alice's records, without their time. */
async function alices(world: World): Promise<Omit<Command, 'createTime'>[] | null> {
  const { CommandResp } = await world.call(processUserCommandGetAll.path, { userID: 'alice' });
  return CommandResp?.map(({ createTime: _any, ...rest }: Command) => rest) ?? null;
}

/** Asserts what alice's records are after a call that answers nothing. */
function leaves(...expected: readonly object[]) {
  const data = async (none: unknown, world: World) => {
    assert.equal(none, undefined);
    assert.deepEqual(await alices(world), expected.length === 0 ? null : expected);
  };
  return { errCode: 0, data };
}

/** Every part of a key is needed, and the user has to be the caller. */
function refusals(whole: Readonly<Record<string, unknown>>): Scenario[] {
  const missing = Object.keys(whole).map((field) => ({
    name: `no ${field} is 1001`,
    token: 'user' as const,
    body: { ...whole, [field]: null },
    expect: { errCode: 1001, errDlt: `${field} is empty` },
  }));
  return [...missing, { name: 'M5: not for others: 1002', token: 'other', body: whole, expect: { errCode: 1002 } }];
}

const record = { type: 7, uuid: 'u-1', value: 'v', ex: 'e' };

testEndpoint(processUserCommandAdd, [
  {
    name: 'defect of OpenIM: value and ex are both kept',
    token: 'user',
    body: { ...key, value: 'v', ex: 'e' },
    expect: leaves(record),
  },
  {
    name: 'defect of OpenIM: a second record with the same key replaces the first',
    token: 'user',
    body: { ...key, value: 'w' },
    expect: leaves({ ...record, value: 'w', ex: '' }),
  },
  {
    name: 'other types, uuids and users are other records',
    given: async (world) => {
      await add(world, { type: -1 });
      await add(world, { uuid: 'U-1' });
      await add(world, { userID: 'bob' });
    },
    body: { ...key, value: 'w', ex: 'x' },
    expect: leaves({ ...record, type: -1 }, { ...record, uuid: 'U-1' }, { ...record, value: 'w', ex: 'x' }),
  },
  {
    name: 'O1: a uuid that no index takes is 1001',
    token: 'user',
    body: { ...key, uuid: 'x'.repeat(257) },
    expect: { errCode: 1001, errDlt: 'uuid is over 256 bytes' },
  },
  ...refusals(key),
]);

testEndpoint(
  processUserCommandUpdate,
  [
    {
      name: 'what is given is changed',
      token: 'user',
      body: { ...key, value: 'new' },
      expect: leaves({ ...record, value: 'new' }),
    },
    {
      name: 'it can be cleared',
      token: 'user',
      body: { ...key, value: '', ex: 'f' },
      expect: leaves({ ...record, value: '', ex: 'f' }),
    },
    {
      name: 'no such record is 1004',
      token: 'user',
      body: { ...key, uuid: 'other', ex: '' },
      expect: { errCode: 1004 },
    },
    {
      name: 'nothing given is a success, be there a record or not',
      token: 'user',
      body: { ...key, uuid: 'other' },
      expect: { errCode: 0 },
    },
    ...refusals(key),
  ],
  { setUp: (world) => add(world) },
);

testEndpoint(
  processUserCommandDelete,
  [
    { name: 'the record goes, others stay', token: 'user', body: { ...key, uuid: 'u-2' }, expect: leaves(record) },
    { name: 'no such record is 1004', token: 'user', body: { ...key, uuid: 'u-2' }, expect: { errCode: 1004 } },
    ...refusals(key),
  ],
  { setUp: async (world) => [await add(world), await add(world, { uuid: 'u-2' })] },
);

testEndpoint(
  processUserCommandGet,
  [
    {
      name: 'the records of one type, with their time in seconds',
      token: 'user',
      body: { userID: 'alice', type: 7 },
      expect: {
        errCode: 0,
        data: ({ CommandResp: [command, ...more] }: { CommandResp: Command[] }) => {
          const { createTime, ...rest } = command ?? { createTime: 0 };
          assert.deepEqual([rest, more], [record, []]);
          assert.ok(Math.abs(createTime - Date.now() / 1000) < 60);
        },
      },
    },
    {
      name: 'none is null',
      token: 'user',
      body: { userID: 'alice', type: 9 },
      expect: { errCode: 0, data: { CommandResp: null } },
    },
    ...refusals({ userID: 'alice', type: 7 }),
  ],
  { setUp: async (world) => [await add(world), await add(world, { type: 8 })] },
);

testEndpoint(processUserCommandGetAll, [
  {
    name: 'none is null, as at the first login',
    token: 'user',
    body: { userID: 'alice' },
    expect: { errCode: 0, data: { CommandResp: null } },
  },
  {
    name: 'all types, in order',
    given: async (world) => [await add(world, { type: 8 }), await add(world)],
    token: 'user',
    body: { userID: 'alice' },
    expect: {
      errCode: 0,
      data: ({ CommandResp }: { CommandResp: Command[] }) =>
        assert.deepEqual(
          CommandResp.map(({ type }) => type),
          [7, 8],
        ),
    },
  },
  ...refusals({ userID: 'alice' }),
]);

test("defect of OpenIM: the user's devices hear of changes, and of nothing that was refused", async () => {
  await using world = await World.open();
  const token = await world.issue('alice', 5);
  const device = await connect({ port: world.wsPort, query: { sendID: 'alice', token } });
  const post = async (path: string, body: object) => envelopeOf(await world.post(path, body, token)).errCode;
  assert.equal(await post(processUserCommandDelete.path, key), 1004);
  assert.equal(await post(processUserCommandAdd.path, key), 0);
  assert.equal(await post(processUserCommandUpdate.path, { ...key, ex: 'x' }), 0);
  assert.equal(await post(processUserCommandDelete.path, key), 0);
  for (const contentType of [1305, 1307, 1306]) {
    const { data } = await device.nextReply();
    const [message] =
      PushMessages.decode(Buffer.from(data ?? '', 'base64')).notificationMsgs.get('n_alice_alice')?.Msgs ?? [];
    assert.partialDeepStrictEqual(message, { contentType, sendID: 'alice', recvID: 'alice', seq: 0 });
    const { detail } = JSON.parse(Buffer.from(message?.content ?? []).toString());
    assert.deepEqual(JSON.parse(detail), { fromUserID: 'alice', toUserID: 'alice' });
  }
});
