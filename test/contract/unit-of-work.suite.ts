/** What every database promises of a transaction and of the effects that wait for it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { sql } from 'kysely';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import { besideTransactions } from '../support/reads-within.ts';
import type { Databases } from './every-database.ts';

export async function unitOfWorkSuite(t: TestContext, { db, peer }: Databases): Promise<void> {
  const work: UnitOfWork = db;
  const add = (tx: Parameters<Parameters<UnitOfWork['transaction']>[0]>[0], id: string) =>
    db.executor(tx).insertInto('read_seqs').values({ user_id: id, conversation_id: 'c', read_seq: 1 }).execute();
  const ids = async (prefix: string) => {
    const rows = await peer.executor().selectFrom('read_seqs').select('user_id').orderBy('user_id').execute();
    return rows.map(({ user_id }) => user_id).filter((id) => id.startsWith(prefix));
  };

  await t.test('effects run after the commit, in order, and before the caller goes on', async () => {
    const seen: unknown[] = [];
    const result = await work.transaction(async (tx) => {
      tx.afterCommit(async () => void seen.push(['first', await ids('effects')]));
      await add(tx, 'effects');
      tx.afterCommit(() => void seen.push('second'));
      assert.deepEqual(seen, []);
      return 'result';
    });
    assert.equal(result, 'result');
    assert.deepEqual(seen, [['first', ['effects']], 'second']);
  });

  await t.test(
    'a unit of work that throws writes nothing, runs no effect, and rejects with what it threw',
    async () => {
      const failure = new Error('changed its mind');
      let effects = 0;
      const failing = work.transaction(async (tx) => {
        await add(tx, 'thrown');
        tx.afterCommit(() => {
          effects += 1;
        });
        throw failure;
      });
      await assert.rejects(failing, (error) => error === failure);
      assert.deepEqual([await ids('thrown'), effects], [[], 0]);
    },
  );

  await t.test('one that swallows the failure of a statement keeps nothing of the failed statement', async () => {
    await work.transaction((tx) => add(tx, 'swallowed-b'));
    await work
      .transaction(async (tx) => {
        await add(tx, 'swallowed-a');
        await assert.rejects(add(tx, 'swallowed-b'));
      })
      .catch(() => {});
    assert.ok((await ids('swallowed')).includes('swallowed-b'));
  });

  await t.test('units of work that run at the same time fail and succeed each by itself', async () => {
    const effects: number[] = [];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        work.transaction(async (tx) => {
          await add(tx, `mixed-${String(index).padStart(2, '0')}`);
          tx.afterCommit(() => void effects.push(index));
          if (index % 3 === 0) throw new Error(`${index}`);
          return index;
        }),
      ),
    );
    const good = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    assert.deepEqual(
      good,
      Array.from({ length: 20 }, (_, index) => index).filter((index) => index % 3 !== 0),
    );
    assert.deepEqual(
      await ids('mixed'),
      good.map((index) => `mixed-${String(index).padStart(2, '0')}`),
    );
    assert.deepEqual(
      effects.toSorted((a, b) => a - b),
      good,
    );
  });

  await t.test('nobody outside sees what is not committed', async () => {
    await work.transaction(async (tx) => {
      await add(tx, 'unseen');
      assert.deepEqual(await besideTransactions(() => ids('unseen')), []);
      const inside = db.executor(tx).selectFrom('read_seqs').select('user_id').where('user_id', '=', 'unseen');
      assert.equal((await inside.execute()).length, 1);
    });
    assert.deepEqual(await ids('unseen'), ['unseen']);
  });

  await t.test('a transaction that is over takes nothing more', async () => {
    const late: (() => Promise<unknown>)[] = [];
    await work.transaction(async (tx) => {
      const executor = db.executor(tx);
      const values = { user_id: 'late', conversation_id: 'c', read_seq: 1 };
      late.push(
        () => add(tx, 'late'),
        () => executor.insertInto('read_seqs').values(values).execute(),
        () => sql`INSERT INTO read_seqs VALUES ('late', 'raw', 1)`.execute(executor),
      );
    });
    for (const ask of late) await assert.rejects(async () => ask(), TypeError);
    assert.deepEqual(await ids('late'), []);
  });

  await t.test('reading and then writing loses no update, whatever runs at the same time', async () => {
    await work.transaction((tx) => add(tx, 'counter'));
    const raise = () =>
      work.transaction(async (tx) => {
        const executor = db.executor(tx);
        const counter = executor.selectFrom('read_seqs').select('read_seq').where('user_id', '=', 'counter');
        const locked = db.dialect === 'postgres' ? counter.forUpdate() : counter;
        const { read_seq } = await locked.executeTakeFirstOrThrow();
        await executor
          .updateTable('read_seqs')
          .set({ read_seq: read_seq + 1 })
          .where('user_id', '=', 'counter')
          .execute();
      });
    await Promise.all(Array.from({ length: 10 }, raise));
    const row = peer.executor().selectFrom('read_seqs').select('read_seq').where('user_id', '=', 'counter');
    assert.equal((await row.executeTakeFirst())?.read_seq, 11);
  });
}
