/** What every TokenEventStore does, as the audit trail relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { TokenEvent, TokenEventQuery, TokenEventStore } from '../../src/tokens/token-event-store.ts';

export async function tokenEventStoreSuite(
  t: TestContext,
  { store, unitOfWork }: { readonly store: TokenEventStore; readonly unitOfWork: UnitOfWork },
): Promise<void> {
  const find = (query: Partial<TokenEventQuery> = {}) =>
    store.find({ userID: undefined, kinds: [], beforeID: undefined, limit: 10_000, ...query });
  const jtis = async (query?: Partial<TokenEventQuery>) => (await find(query)).map(({ jti }) => jti);

  await t.test('entries come back as they were added, the newest first', async () => {
    const [first, second] = [
      entry({ jti: 'a', reason: 'policy', actor: 'imAdmin', operationID: 'op 1' }),
      entry({ jti: 'b', kind: 'cutoff', userID: '', platformID: 0 }),
    ];
    await store.append([first, second]);
    const found = await find();
    assert.deepEqual(
      found.map(({ id: _id, ...rest }) => rest),
      [second, first],
    );
    assert.ok(Number(found[0]?.id) > Number(found[1]?.id));
  });

  await t.test('nothing to add is no failure', () => store.append([]));

  await t.test('O1 an odd text stays as it is', async () => {
    const odd = entry({ userID: "o'dd 用户", reason: '"; DROP TABLE token_events', jti: 'odd' });
    await store.append([odd]);
    assert.partialDeepStrictEqual(await find({ userID: odd.userID }), [odd]);
  });

  await t.test('a query is by user, by kinds, or by both', async () => {
    await store.append([
      entry({ userID: 'u', kind: 'issued', jti: 'u1' }),
      entry({ userID: 'u', kind: 'kicked', jti: 'u2' }),
      entry({ userID: 'v', kind: 'kicked', jti: 'v1' }),
      entry({ userID: 'u', kind: 'lost', jti: 'u3' }),
    ]);
    assert.deepEqual(await jtis({ userID: 'u' }), ['u3', 'u2', 'u1']);
    assert.deepEqual(await jtis({ kinds: ['kicked', 'lost'] }), ['u3', 'v1', 'u2']);
    assert.deepEqual(await jtis({ userID: 'u', kinds: ['issued', 'kicked'] }), ['u2', 'u1']);
    assert.deepEqual(await jtis({ userID: 'U' }), []);
  });

  await t.test('pages neither repeat nor leave out, whatever is added meanwhile', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `p${index}`);
    await store.append(names.map((jti) => entry({ userID: 'pages', jti })));
    const first = await find({ userID: 'pages', limit: 2 });
    await store.append([entry({ userID: 'pages', jti: 'late' })]);
    const second = await find({ userID: 'pages', limit: 2, beforeID: Number(first[1]?.id) });
    const third = await find({ userID: 'pages', limit: 2, beforeID: Number(second[1]?.id) });
    assert.deepEqual(
      [...first, ...second, ...third].map(({ jti }) => jti),
      names.toReversed(),
    );
  });

  await t.test('trimming keeps the newest, however many there are, and a second time does nothing', async () => {
    const names = Array.from({ length: 1203 }, (_, index) => `t${index}`);
    await store.append(names.map((jti) => entry({ userID: 'trim', jti })));
    const before = (await find()).length;
    assert.equal(await store.trim(3), before - 3);
    assert.deepEqual(await jtis(), ['t1202', 't1201', 't1200']);
    assert.deepEqual([await store.trim(3), await store.trim(4)], [0, 0]);
  });

  await t.test('what is older than a time is forgotten from the oldest on, so many at once', async () => {
    const forget = (until: number, limit: number) => unitOfWork.transaction((tx) => store.forget(tx, until, limit));
    await store.append([10, 20, 30, 40].map((at) => entry({ userID: 'old', jti: `at ${at}`, at })));
    await store.trim(4);
    assert.equal(await forget(10, 9), 0);
    assert.equal(await forget(31, 2), 2);
    assert.deepEqual(await jtis(), ['at 40', 'at 30']);
    assert.deepEqual([await forget(31, 9), await forget(31, 9)], [1, 0]);
    assert.deepEqual(await jtis(), ['at 40']);
  });

  await t.test('IDs go on rising after a trim', async () => {
    const [newest] = await find({ limit: 1 });
    await store.append([entry({ jti: 'after' })]);
    const [after] = await find({ limit: 1 });
    assert.ok(Number(after?.id) > Number(newest?.id));
  });

  await t.test('what is asked for is found however much lies in between', async () => {
    const others = Array.from({ length: 9000 }, () => entry({ userID: 'others' }));
    const rare = ['r1', 'r2', 'r3'].map((jti) => entry({ userID: 'rare', kind: 'imported', jti }));
    for (const each of rare) await store.append([each, ...others]);
    assert.deepEqual(await jtis({ userID: 'rare' }), ['r3', 'r2', 'r1']);
    const [first, second] = await find({ kinds: ['imported'], limit: 2 });
    assert.deepEqual([first?.jti, second?.jti], ['r3', 'r2']);
    assert.deepEqual(await jtis({ kinds: ['imported'], limit: 2, beforeID: Number(second?.id) }), ['r1']);
    assert.deepEqual(await jtis({ userID: 'nobody' }), []);
  });
}

function entry(changes: Partial<TokenEvent>): TokenEvent {
  return {
    at: 1_900_000_000_123,
    kind: 'issued',
    userID: 'alice',
    platformID: 1,
    jti: '',
    actor: '',
    reason: '',
    operationID: '',
    ...changes,
  };
}
