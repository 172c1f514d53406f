/** What nodes keep beside what they store, on the one engine that has several. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../src/database/postgres-database.ts';
import type { MessageRef, NewMessage } from '../../src/log/message-store.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { PostgresOutgoingStore } from '../../src/store/postgres-outgoing-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlOutboxStore } from '../../src/store/sql-outbox-store.ts';
import { SqlVersionLogStore } from '../../src/store/sql-version-log-store.ts';
import { besideTransactions } from '../support/reads-within.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';
import { messagesAt } from './support/messages-at.ts';

test('OutgoingStore on PostgreSQL', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const failSuite = (error: unknown) => {
    throw error;
  };
  const observer = {
    onEffectFailure: failSuite,
    onConnectionLost: failSuite,
    onFailing: failSuite,
    onRecovered: () => {},
  };
  const db = await openPostgres(url, observer);
  t.after(() => db[Symbol.asyncDispose]());
  const nodes = { a: new PostgresOutgoingStore(db, 'a'), b: new PostgresOutgoingStore(db, 'b') };
  const messages = { a: new SqlMessageStore(db, nodes.a), b: new SqlMessageStore(db, nodes.b) };
  const sent = (logID: string, outgoing: NonNullable<NewMessage['outgoing']>, at = 1000): NewMessage[] =>
    messagesAt([{ logID, sentAt: at }]).map((message) => ({
      ...message,
      clientMsgID: `${logID} ${at}`,
      acceptedAt: at,
      outgoing,
    }));

  await t.test('M4 an append leaves one row, which says to whom its messages go, as of which members', async () => {
    const versions = await SqlVersionLogStore.open(db, () => 'epoch');
    await db.connections.query(
      `INSERT INTO groups (group_id, name, notification, introduction, face_url, ex, status, created_at, creator_user_id,
        group_type, need_verification, look_member_info, apply_member_friend, notification_updated_at, notification_user_id,
        owner_user_id, member_count) VALUES ('g', '', '', '', '', '', 0, 1, '', 2, 0, 0, 0, 0, '', '', 1)`,
    );
    const heads = await db.transaction((tx) =>
      versions.record(tx, 'group_members', [{ ownerID: 'g', changes: [{ itemID: 'u', state: 'insert' }] }]),
    );
    const toUsers = { audience: { users: ['u', 'v'] }, operationID: 'one', followsNotices: undefined };
    const toGroup = { audience: { group: 'g', plus: ['w'] }, operationID: 'two', followsNotices: true } as const;
    const appended = await messages.a.append([...sent('si_u_v', toUsers), ...sent('sg_g', toGroup, 1500)]);
    const later = await messages.a.append(sent('sg_g', toGroup, 4000));
    assert.deepEqual(appended[1]?.asOf, heads.get('g'));
    assert.equal(later[0]?.followsMs, 2500);

    assert.deepEqual(await nodes.a.refs({ except: [] }), [], 'its own rows it knows');
    const refs = await nodes.b.refs({ except: [] });
    assert.deepEqual(
      refs.map(({ node }) => node),
      ['a', 'a'],
    );
    const [first, second] = await nodes.b.rows(refs);
    const asOf = heads.get('g');
    assert.deepEqual(first?.messages, [
      { logID: 'si_u_v', seq: 1, ...toUsers, followsMs: 1000, asOf: undefined },
      { logID: 'sg_g', seq: 1, ...toGroup, followsMs: 1500, asOf },
    ]);
    assert.deepEqual(second?.messages, [{ logID: 'sg_g', seq: 2, ...toGroup, followsMs: 2500, asOf }]);
    assert.deepEqual(await nodes.b.refs({ except: ['a'] }), []);
    assert.deepEqual(await nodes.b.refs({ only: ['a'] }), refs);
    assert.deepEqual(await nodes.b.refs({ only: ['c'] }), []);
  });

  await t.test('rows are found by the logs of their messages, and bodies without what was taken back', async () => {
    const rows = await nodes.b.about(['si_u_v', 'si_other']);
    assert.deepEqual(
      rows.map(({ messages: found }) => found.map(({ logID }) => logID)),
      [['si_u_v', 'sg_g']],
    );
    await db.connections.query(
      `INSERT INTO message_revocations (conversation_id, seq, revoker_id, revoker_nickname, revoker_role, revoked_at)
        VALUES ('sg_g', 1, 'u', '', 0, 1)`,
    );
    const bodies = await nodes.b.bodies(rows.flatMap(({ messages: found }) => found));
    assert.deepEqual(
      bodies.map(({ logID, seq, body }) => [logID, seq, MsgData.decode(body).seq]),
      [['si_u_v', 1, 1]],
    );
  });

  await t.test(
    'what lacks is found in the rows of others that hold it, however long ago they were written',
    async () => {
      const lacking = [{ logID: 'sg_g', seq: 2 }];
      const holding = async (refs: readonly MessageRef[]) =>
        (await nodes.b.holding(refs)).map(({ messages: found }) => found.map(({ logID, seq }) => `${logID} ${seq}`));
      assert.deepEqual(await holding(lacking), [['sg_g 2']]);
      assert.deepEqual(await holding([...lacking, { logID: 'si_u_v', seq: 1 }, { logID: 'sg_g', seq: 20 }]), [
        ['si_u_v 1', 'sg_g 1'],
        ['sg_g 2'],
      ]);
      assert.deepEqual(await nodes.a.holding(lacking), await nodes.b.holding(lacking), 'its own among them');
      await db.connections.query('UPDATE outgoing SET at = at - 30000');
      assert.deepEqual(await holding(lacking), [['sg_g 2']]);
      await db.connections.query('UPDATE outgoing SET at = at + 30000');
    },
  );

  await t.test(
    '1.4 notices that are to be sent are under way until they are stored, or held up for a second',
    async () => {
      const outbox = new SqlOutboxStore(db);
      const add = (key: string, at: number) =>
        db.transaction((tx) => outbox.add(tx, [{ topic: 'notices', key, payload: '' }], at));
      const [row] = await add('n_g', Date.now());
      await add('n_g', Date.now() - 60_000);
      await add('n_h', Date.now());
      assert.deepEqual(await nodes.b.noticesUnderWay(['n_g', 'n_i']), [row?.id]);
    },
  );

  await t.test('words are kept with the change that they tell of, or not at all', async () => {
    const word = { topic: 'membership', users: ['u'], payload: '{}' } as const;
    const failed = db.transaction(async (tx) => {
      await nodes.b.add(tx, [word]);
      throw new Error('undone');
    });
    await assert.rejects(failed, /undone/);
    assert.deepEqual(await nodes.a.refs({ except: [] }), []);
    await db.transaction((tx) => nodes.b.add(tx, [word]));
    const rows = await nodes.a.rows(await nodes.a.refs({ except: [] }));
    assert.deepEqual(
      rows.map(({ words }) => words),
      [[word]],
    );
  });

  await t.test('what is a minute old is removed by its node, what nobody removes by any', async () => {
    const ages = async () =>
      (await db.connections.query<{ node: string }>('SELECT node FROM outgoing ORDER BY node')).map(({ node }) => node);
    await db.connections.query('UPDATE outgoing SET at = at - 61000');
    assert.deepEqual(await nodes.b.refs({ except: [] }), [], 'is not read any more');
    await nodes.b.trim();
    assert.deepEqual(await ages(), ['a', 'a']);
    await db.connections.query('UPDATE outgoing SET at = at - 600000');
    await nodes.b.trim();
    assert.deepEqual(await ages(), []);
  });

  await t.test('of one batch a repeat and what was refused leave nothing', async () => {
    const [message] = sent('si_twice', { audience: { users: ['u'] }, operationID: 'op' });
    assert.ok(message);
    const refused = { ...message, clientMsgID: 'refused', condition: { groupID: 'none', isForMembersOnly: true } };
    await messages.b.append([message, message, refused]);
    await messages.b.append([message]);
    const rows = await nodes.a.rows(await nodes.a.refs({ except: [] }));
    assert.deepEqual(
      rows.map(({ messages: found }) => found.map(({ seq }) => seq)),
      [[1]],
    );
  });

  await t.test('M4 a transaction under way is none that has committed', async () => {
    const word = { topic: 'membership', users: ['z'], payload: 'p' } as const;
    const during = await db.transaction(async (tx) => {
      await nodes.b.add(tx, [word]);
      return besideTransactions(() => nodes.a.committed());
    });
    const rows = await nodes.a.rows(await nodes.a.refs({ except: [] }));
    const written = rows.find(({ words }) => words.length > 0)?.transaction;
    assert.ok(written !== undefined);
    assert.deepEqual([during.has(written), (await nodes.a.committed()).has(written)], [false, true]);
  });
});
