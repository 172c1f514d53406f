/** Settings that back ends keep for clients: rest-core.md 7.13. */
import assert from 'node:assert/strict';
import delUserClientConfig from '../../src/http/routes/user/del_user_client_config.ts';
import getUserClientConfig from '../../src/http/routes/user/get_user_client_config.ts';
import pageUserClientConfig from '../../src/http/routes/user/page_user_client_config.ts';
import setUserClientConfig from '../../src/http/routes/user/set_user_client_config.ts';
import { testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

/** `shared` and `both` for everybody, `own` and `both` for alice, `own` for bob. */
async function someConfigs(world: World): Promise<void> {
  await set(world, '', { shared: 's', both: 'of everybody' });
  await set(world, 'alice', { own: 'o', both: 'of alice' });
  await set(world, 'bob', { own: 'of bob' });
}

function set(world: World, userID: string, configs: Readonly<Record<string, string>>): Promise<unknown> {
  return world.call(setUserClientConfig.path, { userID, configs });
}

/** What alice's clients read. */
async function alices(world: World): Promise<unknown> {
  return (await world.call(getUserClientConfig.path, { userID: 'alice' })).configs;
}

testEndpoint(getUserClientConfig, [
  { name: 'nothing set is an empty object', token: 'user', body: {}, expect: { errCode: 0, data: {} } },
  {
    name: "a user's own settings lie over everybody's",
    given: someConfigs,
    token: 'user',
    body: { userID: 'alice' },
    expect: { errCode: 0, data: { configs: { shared: 's', both: 'of alice', own: 'o' } } },
  },
  {
    name: "without a userID, as the Go core asks, they are everybody's",
    token: 'user',
    body: { userID: '' },
    expect: { errCode: 0, data: { configs: { shared: 's', both: 'of everybody' } } },
  },
  { name: 'M5: not those of others', token: 'user', body: { userID: 'bob' }, expect: { errCode: 1002 } },
  {
    name: 'an admin reads those of users',
    body: { userID: 'bob' },
    expect: { errCode: 0, data: { configs: { shared: 's', both: 'of everybody', own: 'of bob' } } },
  },
  { name: 'an unknown user is 1004', body: { userID: 'nobody' }, expect: { errCode: 1004 } },
]);

testEndpoint(setUserClientConfig, [
  {
    name: 'what is set is added, or replaced',
    given: (world) => set(world, 'alice', { kept: 'k', changed: 'before' }),
    body: { userID: 'alice', configs: { changed: 'after', 'ä new <key>': '' } },
    expect: {
      errCode: 0,
      data: async (_none: unknown, world: World) =>
        assert.deepEqual(await alices(world), { kept: 'k', changed: 'after', 'ä new <key>': '' }),
    },
  },
  { name: 'nothing to set is a success', body: { userID: 'alice' }, expect: { errCode: 0 } },
  {
    name: 'M5: only admins: 1002',
    token: 'user',
    body: { userID: 'alice', configs: { a: 'b' } },
    expect: { errCode: 1002 },
  },
  { name: 'an unknown user is 1004', body: { userID: 'nobody', configs: { a: 'b' } }, expect: { errCode: 1004 } },
  {
    name: 'O1: a key that no index takes is 1001',
    body: { configs: { ['ä'.repeat(129)]: 'v' } },
    expect: { errCode: 1001, errDlt: 'configs.* is over 256 bytes' },
  },
  { name: 'O1: a key with NUL is 1001', body: { configs: { 'a\0b': 'v' } }, expect: { errCode: 1001 } },
]);

testEndpoint(
  delUserClientConfig,
  [
    {
      name: "a user's keys are removed, those of others and everybody's stay, unknown ones are no error",
      body: { userID: 'alice', keys: ['both', 'never set'] },
      expect: {
        errCode: 0,
        data: async (_none: unknown, world: World) =>
          assert.deepEqual(await alices(world), { shared: 's', both: 'of everybody', own: 'o' }),
      },
    },
    {
      name: "everybody's are removed without a userID",
      body: { keys: ['shared', 'own'] },
      expect: {
        errCode: 0,
        data: async (_none: unknown, world: World) =>
          assert.deepEqual(await alices(world), { both: 'of everybody', own: 'o' }),
      },
    },
    { name: 'no keys is a success', body: { userID: 'alice', keys: [] }, expect: { errCode: 0 } },
    {
      name: 'M5: only admins: 1002',
      token: 'user',
      body: { userID: 'alice', keys: ['own'] },
      expect: { errCode: 1002 },
    },
  ],
  { setUp: someConfigs },
);

const page = (pageNumber: number, showNumber: number) => ({ pagination: { pageNumber, showNumber } });
const bothOfEverybody = { key: 'both', userID: '', value: 'of everybody' };
const bothOfAlice = { key: 'both', userID: 'alice', value: 'of alice' };
const ownOfAlice = { key: 'own', userID: 'alice', value: 'o' };
const ownOfBob = { key: 'own', userID: 'bob', value: 'of bob' };
const shared = { key: 'shared', userID: '', value: 's' };

testEndpoint(
  pageUserClientConfig,
  [
    {
      name: 'all of them, by key and user',
      body: page(1, 10),
      expect: {
        errCode: 0,
        data: { total: 5, configs: [bothOfEverybody, bothOfAlice, ownOfAlice, ownOfBob, shared] },
      },
    },
    { name: 'in pages', body: page(2, 2), expect: { errCode: 0, data: { total: 5, configs: [ownOfAlice, ownOfBob] } } },
    {
      name: 'of one user',
      body: { userID: 'alice', ...page(1, 10) },
      expect: { errCode: 0, data: { total: 2, configs: [bothOfAlice, ownOfAlice] } },
    },
    {
      name: 'of one key',
      body: { key: 'own', ...page(1, 1) },
      expect: { errCode: 0, data: { total: 2, configs: [ownOfAlice] } },
    },
    {
      name: "defect of OpenIM: only everybody's can be asked for",
      body: { globalOnly: true, userID: 'alice', ...page(1, 10) },
      expect: { errCode: 0, data: { total: 2, configs: [bothOfEverybody, shared] } },
    },
    ...[{}, page(0, 10), page(1, 0), page(9, 9), page(2 ** 31 - 1, 2 ** 31 - 1)].map((pagination) => ({
      name: `pagination is not checked: ${JSON.stringify(pagination)} is an empty page`,
      body: pagination,
      expect: { errCode: 0, data: { total: 5, configs: null } },
    })),
    { name: 'M5: only admins: 1002', token: 'user', body: page(1, 10), expect: { errCode: 1002 } },
  ],
  { setUp: someConfigs },
);
