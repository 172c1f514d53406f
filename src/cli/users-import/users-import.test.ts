/** What an import of users reads, takes and refuses, and where it goes on. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { User } from '../../users/user.ts';
import { emptyUsersReport, importUsers } from './import-users.ts';
import { readRecords } from './read-records.ts';
import { parseUser } from './user-record.ts';

const file = (text: string, chunkBytes = 7) => {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  return Readable.from(chunks);
};
const limits = { maxNicknameBytes: 16, maxFaceUrlBytes: 32, maxExBytes: 64 };
const fieldsOf = async (text: string) => {
  const found = [];
  for await (const { fields } of readRecords(file(text))) found.push(fields);
  return found;
};

test('JSON lines and CSV are told apart; a byte order mark, blank lines and line ends do not matter', async () => {
  const wanted = [
    { userID: 'a', nickname: 'Ä' },
    { userID: 'b', nickname: '' },
  ];
  assert.deepEqual(await fieldsOf('\ufeff{"userID":"a","nickname":"Ä"}\r\n\n{"userID":"b","nickname":""}'), wanted);
  assert.deepEqual(await fieldsOf('\ufeffuserID,nickname\r\na,Ä\r\n\r\nb,\r\n'), wanted);
  assert.deepEqual(await fieldsOf(''), []);
});

test('a CSV text in quotes may hold commas, quotes and lines', async () => {
  assert.deepEqual(await fieldsOf('userID,ex\na,"x,""y"""\nb,"1\n\n2"\n'), [
    { userID: 'a', ex: 'x,"y"' },
    { userID: 'b', ex: '1\n\n2' },
  ]);
});

test('what is no list of users is said', async () => {
  await assert.rejects(fieldsOf('[{"userID":"a"}]'), /--jsonArray/);
  await assert.rejects(fieldsOf('userID\n"a\nb'), /quotes of record 1 do not end/);
  assert.deepEqual(await fieldsOf('{"userID":"a"}\n{broken\nnull\n'), [{ userID: 'a' }, undefined, undefined]);
});

test("OpenIM's user collection, as mongoexport prints it, relaxed and canonical", () => {
  const wanted: User = {
    ...{ userID: 'u1', nickname: 'Una', faceURL: 'https://x/y.png', ex: '{}' },
    ...{ createdAt: Date.UTC(2024, 0, 2, 3, 4, 5, 678), appManagerLevel: 1, globalRecvMsgOpt: 2 },
  };
  const texts = { user_id: 'u1', nickname: 'Una', face_url: 'https://x/y.png', ex: '{}' };
  const relaxed = { app_manger_level: 1, global_recv_msg_opt: 2, create_time: { $date: '2024-01-02T03:04:05.678Z' } };
  const canonical = {
    app_manger_level: { $numberInt: '1' },
    global_recv_msg_opt: { $numberInt: '2' },
    create_time: { $date: { $numberLong: String(wanted.createdAt) } },
  };
  const id = { _id: { $oid: '6594e0f5a1b2c3d4e5f60718' } };
  assert.deepEqual(parseUser({ ...id, ...texts, ...relaxed }, 0, limits), wanted);
  assert.deepEqual(parseUser({ ...id, ...texts, ...canonical }, 0, limits), wanted);
  const inCsv = { app_manger_level: '1', global_recv_msg_opt: '2', create_time: '2024-01-02T03:04:05.678Z' };
  assert.deepEqual(parseUser({ ...texts, ...inCsv }, 0, limits), wanted);
});

test("the API's own names do, and only the ID has to be there", () => {
  const bare = { nickname: '', faceURL: '', ex: '', createdAt: 7, appManagerLevel: 0, globalRecvMsgOpt: 0 };
  assert.deepEqual(parseUser({ userID: 'u1' }, 7, limits), { userID: 'u1', ...bare });
  assert.partialDeepStrictEqual(parseUser({ userID: 'u1', createTime: 1700000000000, faceURL: 'f' }, 7, limits), {
    createdAt: 1_700_000_000_000,
    faceURL: 'f',
  });
});

test('what cannot be a user is refused, by the name of what is wrong', () => {
  for (const [fields, fault] of [
    [undefined, /cannot be read/],
    [{ nickname: 'n' }, /no userID/],
    [{ userID: 7 }, /no text/],
    [{ userID: 'a b' }, /letters, digits and _/],
    [{ userID: 'a', ex: {} }, /ex is no text/],
    [{ userID: 'a', appMangerLevel: 9 }, /appMangerLevel/],
    [{ userID: 'a', global_recv_msg_opt: 'x' }, /globalRecvMsgOpt/],
    [{ userID: 'a', create_time: 'yesterday' }, /createTime/],
    [{ userID: 'a', nickname: 'é'.repeat(9) }, /^nickname is over 16 bytes \(TESSERA_MAX_NICKNAME_BYTES\)$/],
    [{ userID: 'a', face_url: 'x'.repeat(33) }, /^faceURL.* is over 32 bytes \(TESSERA_MAX_FACE_URL_BYTES\)$/],
    [{ userID: 'a', ex: 'x'.repeat(65) }, /^ex is over 64 bytes \(TESSERA_MAX_EX_BYTES\)$/],
    [{ userID: 'a', nickname: 'a\0b' }, /^nickname holds NUL$/],
  ] as const) {
    assert.match(String(parseUser(fields, 0, limits)), fault);
  }
});

test('after an interruption an import goes on with the next record, and ends with the same report', async () => {
  const text = Array.from({ length: 1201 }, (_, index) => `{"userID":"u${index % 1100}"}`).join('\n');
  const registered = new Set(['u7']);
  const add = async (users: readonly User[]) => {
    const fresh = new Set(users.map(({ userID }) => userID)).difference(registered);
    for (const userID of fresh) registered.add(userID);
    return fresh;
  };
  const report = emptyUsersReport();
  const interruption = new AbortController();
  const options = { add, report, limits, now: 0, signal: interruption.signal };
  const first = await importUsers(readRecords(file(text, 999)), {
    ...options,
    onPortion: async () => interruption.abort(),
  });
  assert.deepEqual([first, report.records], [false, 500]);

  const second = await importUsers(readRecords(file(text, 999)), {
    ...options,
    signal: new AbortController().signal,
    onPortion: async () => {},
  });
  assert.equal(second, true);
  assert.deepEqual(report, { records: 1201, added: 1099, known: 102, refused: 0, faults: [] });
});
