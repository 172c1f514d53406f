/** Logs of clients: rest-core.md 8. */
import assert from 'node:assert/strict';
import logsDelete from '../../src/http/routes/third/logs/delete.ts';
import logsSearch from '../../src/http/routes/third/logs/search.ts';
import logsUpload from '../../src/http/routes/third/logs/upload.ts';
import { envelopeOf } from './raw-http.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const file = { filename: 'a.zip', URL: 'https://im.example.com/a.zip' };
const upload = { platform: 1, fileURLs: [file], appFramework: 'Flutter', version: '3.8', ex: 'x' };
const page = { pageNumber: 1, showNumber: 10 };

interface Listed {
  readonly total: number;
  readonly logsInfos: readonly Record<string, unknown>[] | null;
}

async function send(world: World, body: object, token: 'user' | 'other' = 'user'): Promise<number> {
  return envelopeOf(await world.post('/third/logs/upload', body, world.token(token))).errCode;
}

const search = (world: World, body: object = {}): Promise<Listed> =>
  world.call('/third/logs/search', { pagination: page, ...body });

const settings = {
  TESSERA_MAX_CLIENT_LOGS: '3',
  TESSERA_MAX_CLIENT_LOG_FILES: '2',
  TESSERA_MAX_CLIENT_LOG_TEXT_BYTES: '60',
};
const asUser = ({ name }: { name: string }, body: object, errCode: number): Scenario => ({
  name,
  token: 'user',
  body: { ...upload, ...body },
  expect: { errCode },
});
const url = (bytes: number) => 'https://'.padEnd(bytes, 'u');

testEndpoint(
  logsUpload,
  [
    asUser({ name: 'a user tells where the log is' }, {}, 0),
    asUser({ name: 'rest-core 8: defect of OpenIM: an empty list of files is 1001' }, { fileURLs: [] }, 1001),
    asUser({ name: 'a platform that is none is 1001' }, { platform: 99 }, 1001),
    asUser(
      { name: 'an URL that runs something when it is clicked is 1001' },
      { fileURLs: [{ ...file, URL: 'javascript:1' }] },
      1001,
    ),
    asUser(
      { name: 'limit maxClientLogTextBytes: texts of as many bytes are kept' },
      {
        fileURLs: [{ filename: 'n'.repeat(60), URL: url(60) }],
        appFramework: 'f'.repeat(60),
        version: 'v'.repeat(60),
      },
      0,
    ),
    ...[
      { fileURLs: [{ ...file, URL: url(61) }] },
      { fileURLs: [{ ...file, filename: 'n'.repeat(61) }] },
      { appFramework: 'f'.repeat(61) },
      { version: 'v'.repeat(61) },
    ].map((body) =>
      asUser({ name: `limit maxClientLogTextBytes: one byte more is 1001: ${Object.keys(body)}` }, body, 1001),
    ),
    asUser({ name: 'limit maxClientLogFiles: an upload may have as many files' }, { fileURLs: [file, file] }, 0),
    asUser({ name: 'limit maxClientLogFiles: one more is 1001' }, { fileURLs: [file, file, file] }, 1001),
  ],
  { settings },
);

testEndpoint(
  logsSearch,
  [
    {
      name: 'logs have their owner, platform by name, and texts, the newest first',
      given: async (world) => {
        await send(world, { ...upload, fileURLs: [{ ...file, filename: 'old' }] });
        world.passTime(1000);
        await send(world, { ...upload, platform: 5 }, 'other');
      },
      body: { pagination: page },
      expect: {
        errCode: 0,
        data: ({ total, logsInfos }: Listed) => {
          assert.equal(total, 2);
          const [newest, oldest] = logsInfos ?? [];
          assert.match(String(newest?.logID), /^\d{10}$/);
          const { logID: _logID, createTime: _createTime, ...rest } = newest ?? {};
          assert.deepEqual(rest, {
            userID: 'bob',
            nickname: 'bob',
            platform: 'Web',
            url: file.URL,
            filename: 'a.zip',
            systemType: '',
            ex: 'x',
            version: '3.8',
          });
          assert.deepEqual([oldest?.userID, oldest?.filename], ['alice', 'old']);
        },
      },
    },
    {
      name: 'rest-core 8: a keyword is letters of the user ID and no pattern',
      body: async (world: World) => {
        assert.equal((await search(world, { keyword: 'lic' })).total, 1);
        return { keyword: '.', pagination: page };
      },
      expect: { errCode: 0, data: { logsInfos: null, total: 0 } },
    },
    {
      name: 'without a page there is only how many',
      body: {},
      expect: { errCode: 0, data: { logsInfos: null, total: 2 } },
    },
    {
      name: 'a start after the end is 1001',
      body: { startTime: 2, endTime: 1, pagination: page },
      expect: { errCode: 1001 },
    },
    {
      name: 'a start after the end is 1002 for a user',
      token: 'user',
      body: { startTime: 2, endTime: 1, pagination: page },
      expect: { errCode: 1002 },
    },
    {
      name: 'limit maxClientLogs: of a user as many are known',
      given: async (world) => {
        for (const filename of ['2', '3']) {
          world.passTime(1000);
          await send(world, { ...upload, fileURLs: [{ ...file, filename }] });
        }
      },
      body: { keyword: 'alice', pagination: page },
      expect: { errCode: 0, data: (found: Listed) => assert.deepEqual(namesOf(found), ['3', '2', 'old']) },
    },
    {
      name: 'limit maxClientLogs: with one more the oldest goes',
      given: async (world) => {
        world.passTime(1000);
        await send(world, { ...upload, fileURLs: [{ ...file, filename: '4' }] });
      },
      body: { keyword: 'alice', pagination: page },
      expect: { errCode: 0, data: (found: Listed) => assert.deepEqual(namesOf(found), ['4', '3', '2']) },
    },
  ],
  { settings },
);

const namesOf = ({ logsInfos }: Listed) => (logsInfos ?? []).map(({ filename }) => filename);

testEndpoint(logsDelete, [
  {
    name: 'rest-core 8: one that is not there is 1004, and the others stay',
    given: (world) => send(world, upload),
    body: async (world: World) => ({ logIDs: [...(await idsOf(world)), '0000000000'] }),
    expect: { errCode: 1004 },
  },
  {
    name: 'those that are there go',
    body: async (world: World) => {
      const logIDs = await idsOf(world);
      assert.equal(logIDs.length, 1);
      return { logIDs: [...logIDs, ...logIDs] };
    },
    expect: { errCode: 0 },
  },
  { name: 'rest-core 8: defect of OpenIM: an empty list is 1001', body: { logIDs: [] }, expect: { errCode: 1001 } },
  { name: 'a user is 1002', token: 'user', body: { logIDs: ['1'] }, expect: { errCode: 1002 } },
]);

async function idsOf(world: World): Promise<readonly unknown[]> {
  return ((await search(world)).logsInfos ?? []).map(({ logID }) => logID);
}
