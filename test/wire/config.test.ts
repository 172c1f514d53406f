/** Settings that change while the server runs, and its restart: rest-core.md 10, docs/run-time-settings.md. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApp } from '../../src/app/app.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { optionInfos } from '../../src/config/options.ts';
import getConfig from '../../src/http/routes/config/get_config.ts';
import getConfigList from '../../src/http/routes/config/get_config_list.ts';
import getEnable from '../../src/http/routes/config/get_enable_config_manager.ts';
import listChanges from '../../src/http/routes/config/list_changes.ts';
import listSettings from '../../src/http/routes/config/list_settings.ts';
import resetConfig from '../../src/http/routes/config/reset_config.ts';
import setConfig from '../../src/http/routes/config/set_config.ts';
import setEnable from '../../src/http/routes/config/set_enable_config_manager.ts';
import restart from '../../src/http/routes/restart.ts';
import { within } from '../support/within.ts';
import { envelopeOf } from './raw-http.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { adminSecret, signingKey, World } from './world.ts';

const configName = 'tessera.config.json';
const byUser = (body: object): Scenario => ({ name: 'a user is 1002', token: 'user', body, expect: { errCode: 1002 } });

async function read(world: World): Promise<Record<string, unknown>> {
  return JSON.parse(await world.call('/config/get_config', { configName }));
}

/** As somebody who has read them just now. */
async function set(world: World, values: object): Promise<void> {
  const { $version } = await read(world);
  await world.call('/config/set_config', { configName, data: JSON.stringify({ $version, ...values }) });
}

testEndpoint(getConfigList, [
  {
    name: 'rest-core 10: there is one configuration',
    body: {},
    expect: {
      errCode: 0,
      data: ({ environment, configNames }: { environment: string; configNames: string[] }) => {
        assert.match(environment, /^(?:kubernetes|docker|source)$/);
        assert.deepEqual(configNames, [configName]);
      },
    },
  },
  byUser({}),
]);

testEndpoint(
  getConfig,
  [
    {
      name: 'rest-core 10, T6: all settings as a text, secrets masked',
      body: { configName },
      expect: {
        errCode: 0,
        data: (text: string) => {
          assert.equal(typeof text, 'string');
          const values = JSON.parse(text);
          assert.deepEqual([values.secret, values.signingKeys, values.redisUrl], ['***', '***', '']);
          assert.deepEqual([values.$version, values.friendVerify, values.maxFriends], [0, false, 5]);
          for (const secret of [adminSecret, signingKey]) assert.ok(!text.includes(secret));
        },
      },
    },
    { name: 'rest-core 10: a name that is none is 1001', body: { configName: 'share.yml' }, expect: { errCode: 1001 } },
    byUser({ configName }),
  ],
  { settings: { TESSERA_MAX_FRIENDS: '5' } },
);

const data = (values: object) => ({ configName, data: JSON.stringify(values) });
const refused = (name: string, body: object, errDlt: RegExp): Scenario => ({
  name,
  body,
  expect: { errCode: 1001, errDlt },
});

testEndpoint(setConfig, [
  refused('data that is no JSON is 1001', { configName, data: '{' }, /no JSON/),
  refused('data that is no object is 1001', { configName, data: '[]' }, /no object/),
  refused('without a version it is 1001', data({ friendVerify: true }), /needs \$version/),
  refused('a setting that is none is 1001', data({ $version: 0, friendsVerify: true }), /no such setting/),
  refused('one that needs a restart is 1001', data({ $version: 0, apiPort: 1 }), /apiPort needs a restart/),
  refused('a secret is 1001', data({ $version: 0, secret: 'x' }), /secret needs a restart/),
  refused('a value of another kind is 1001', data({ $version: 0, friendVerify: 'yes' }), /friendVerify must be true/),
  refused('one beyond its bounds is 1001', data({ $version: 0, maxFriends: 0 }), /maxFriends must be a whole number/),
  refused('a cron expression that is none is 1001', data({ $version: 0, retentionSchedule: 'x' }), /must be a cron/),
  refused('a time zone that is none is 1001', data({ $version: 0, jobTimeZone: 'Mars' }), /must be a time zone/),
  refused(
    'what does not go with the others is 1001, and nothing is set',
    data({ $version: 0, friendVerify: true, tokenTtl: '400d' }),
    /TESSERA_MAX_TOKEN_TTL/,
  ),
  {
    name: 'what was read may be sent back whole: nothing changes',
    body: async (world: World) => data(await read(world)),
    expect: { errCode: 0 },
  },
  {
    name: 'what is set holds for the next call',
    body: data({ $version: 0, friendVerify: true, maxNicknameBytes: 3, logLevel: 'silent' }),
    expect: { errCode: 0 },
  },
  {
    name: 'who has read before that is 1001',
    body: data({ $version: 0, friendVerify: false }),
    expect: { errCode: 1001, errDlt: /changed meanwhile/ },
  },
  {
    name: 'the limit that was set is held, and so is the policy',
    given: async (world) => {
      const rename = { userInfo: { userID: 'alice', nickname: 'long' } };
      const { errCode, errDlt } = envelopeOf(
        await world.post('/user/update_user_info_ex', rename, world.token('user')),
      );
      assert.deepEqual([errCode, errDlt], [1001, 'nickname is over 3 bytes']);
      const message = { sendID: 'alice', recvID: 'bob', sessionType: 1, contentType: 101, content: { content: 'x' } };
      const sent = envelopeOf(await world.post('/msg/send_msg', message, world.token('admin')));
      assert.equal(sent.errCode, 1303);
      await set(world, { friendVerify: null });
      assert.equal(envelopeOf(await world.post('/msg/send_msg', message, world.token('admin'))).errCode, 0);
    },
    body: async (world: World) => data({ $version: (await read(world)).$version, maxNicknameBytes: null }),
    expect: { errCode: 0 },
  },
  byUser(data({ $version: 0 })),
]);

testEndpoint(
  listSettings,
  [
    {
      name: 'each setting tells where it comes from',
      given: (world) => set(world, { maxFriends: 9 }),
      body: {},
      expect: {
        errCode: 0,
        data: ({
          version,
          settings,
        }: {
          version: number;
          settings: { key: string; value: string; source: string }[];
        }) => {
          const of = (key: string) => settings.find((setting) => setting.key === key);
          assert.deepEqual(of('maxFriends'), {
            ...{ key: 'maxFriends', value: '9', source: 'run time' },
            ...{ isAtRunTime: true, isSecret: false },
          });
          assert.deepEqual([of('maxBlacks')?.source, of('maxSeqs')?.source], ['environment', 'default']);
          assert.deepEqual([of('secret')?.value, version, settings.length], ['"***"', 1, optionInfos.length]);
        },
      },
    },
    byUser({}),
  ],
  { settings: { TESSERA_MAX_BLACKS: '5', TESSERA_MAX_FRIENDS: '5' } },
);

testEndpoint(listChanges, [
  {
    name: 'each change is noted with who made it',
    given: async (world) => {
      await set(world, { maxFriends: 9 });
      await set(world, { maxFriends: null });
      await world.call('/config/set_enable_config_manager', { enable: false });
    },
    body: {},
    expect: {
      errCode: 0,
      data: ({ changes }: { changes: Record<string, unknown>[] }) => {
        assert.deepEqual(
          changes.map(({ version, key, before, after }) => [version, key, before, after]),
          [
            [3, '', 'true', 'false'],
            [2, 'maxFriends', '9', ''],
            [1, 'maxFriends', '', '9'],
          ],
        );
        assert.deepEqual([changes[0]?.userID, changes[1]?.operationID], ['imAdmin', 'op-/config/set_config']);
      },
    },
  },
  byUser({}),
]);

testEndpoint(resetConfig, [
  {
    name: 'what was set is forgotten',
    given: (world) => set(world, { maxFriends: 9 }),
    body: {},
    expect: { errCode: 0 },
  },
  {
    name: 'the other sources decide again',
    given: async (world) => assert.equal((await read(world)).maxFriends, 10_000),
    body: {},
    expect: { errCode: 0 },
  },
  byUser({}),
]);

testEndpoint(setEnable, [
  {
    name: 'rest-core 10: disabled, what was set is kept and does not hold',
    given: (world) => set(world, { maxFriends: 9 }),
    body: { enable: false },
    expect: { errCode: 0 },
  },
  {
    name: 'enabled again, it holds; nothing is set meanwhile',
    given: async (world) => {
      const now = await read(world);
      assert.equal(now.maxFriends, 10_000);
      const body = data({ $version: now.$version, maxFriends: 8 });
      const { errCode, errDlt } = envelopeOf(await world.post('/config/set_config', body, world.token('admin')));
      assert.deepEqual([errCode, /disabled/.test(errDlt)], [1001, true]);
    },
    body: { enable: true },
    expect: { errCode: 0 },
  },
  byUser({ enable: true }),
]);

testEndpoint(getEnable, [
  {
    name: 'rest-core 10: defect of OpenIM: it answers, whatever keeps the settings',
    body: {},
    expect: { errCode: 0, data: { enable: true } },
  },
  byUser({}),
]);

testEndpoint(
  restart,
  [
    {
      name: 'rest-core 10: where a supervisor is, the order is answered, and then the process is to stop',
      body: {},
      expect: { errCode: 0, data: undefined },
    },
    {
      name: 'rest-core 10: the order to stop has come',
      given: (world) => within('the order to stop', world.app.restartOrdered),
      body: {},
      expect: { errCode: 0 },
    },
    byUser({}),
  ],
  { settings: { TESSERA_SUPERVISED: 'true' } },
);

test('rest-core 10: defect of OpenIM: where nothing would start the server again it is refused, and nothing crashes', async () => {
  await using world = await World.open();
  const { errCode, errDlt } = envelopeOf(await world.post('/restart', {}, world.token('admin')));
  assert.deepEqual([errCode, /TESSERA_SUPERVISED/.test(errDlt)], [1001, true]);
});

test('what was set at run time holds when the server starts again', async () => {
  await using world = await World.open();
  await set(world, { tokenTtl: '7d' });
  const config = loadConfig({ environment: environmentOf(world.dataDir) });
  await world.app[Symbol.asyncDispose]();
  await using app = await createApp(config);
  const call = { operationID: 'op', caller: { userID: 'a', platformID: 1, jti: '', expiresAt: 0, isAdmin: true } };
  const { settings } = await app.services.runTimeSettings.report(call);
  assert.equal(settings.find(({ key }) => key === 'tokenTtl')?.value, '"7d"');
});

test('of what may be set at run time nobody has kept a copy when the server is up; none of it is secret', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tessera-config-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const readKeys = new Set<string>();
  const config = loadConfig({ environment: environmentOf(dataDir) });
  const watched = (of: Config) =>
    new Proxy(of, {
      get: (target, key) => {
        readKeys.add(String(key));
        return target[key as keyof Config];
      },
    });
  await using _app = await createApp(config, { watchConfig: watched });
  // Told of each change by itself (src/app/ground.ts).
  readKeys.delete('logLevel');
  const copied = optionInfos.filter(({ key }) => readKeys.has(key) || readKeys.has(`${key}Ms`));
  assert.ok(copied.length > 20);
  assert.deepEqual(
    copied.filter(({ atRunTime }) => atRunTime === true).map(({ key }) => key),
    [],
  );
  assert.ok(optionInfos.every(({ atRunTime, isSecret }) => atRunTime !== true || isSecret !== true));
});

function environmentOf(dataDir: string): Record<string, string> {
  return {
    TESSERA_DATA_DIR: dataDir,
    TESSERA_SECRET: adminSecret,
    TESSERA_SIGNING_KEYS: signingKey,
    TESSERA_API_PORT: '0',
    TESSERA_WS_PORT: '0',
    TESSERA_LOG_LEVEL: 'fatal',
  };
}
