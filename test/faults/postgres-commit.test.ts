/** The answer to a COMMIT is lost: what holds is acknowledged and followed by its effects, and what does not is done again. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PostgresDatabase } from '../../src/database/database.ts';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { InDoubt } from '../../src/kernel/in-doubt.ts';
import { GroupCommit } from '../../src/log/group-commit.ts';
import type { NewMessage } from '../../src/log/message-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { cut, type Link, TcpProxy } from '../support/tcp-proxy.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';

test('M1, M4: a message whose commit was not answered is acknowledged and delivered, once', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const delivered: number[] = [];
  const commits = new GroupCommit({ store: new SqlMessageStore(place.db), lanes: 1, maxBatch: 10 });
  place.loseAnswerOfCommit();
  const appended = await commits.append(message('first'), (stored) => {
    delivered.push(stored.seq);
    return stored;
  });
  assert.deepEqual([appended.seq, appended.isDuplicate, delivered], [1, false, [1]]);
  assert.equal(await place.stored(), 1);
});

test('a commit that never arrived is done again, and what it changed is there once', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  let runs = 0;
  let effects = 0;
  place.loseCommit();
  await place.db.transaction(async (tx) => {
    runs += 1;
    tx.afterCommit(() => void effects++);
    await place.raise(tx);
  });
  assert.deepEqual([runs, effects, await place.raised()], [2, 1, 1]);
});

test('a change whose commit was not answered is not done again, and its effects follow', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  let effects = 0;
  place.loseAnswerOfCommit();
  await place.db.transaction(async (tx) => {
    tx.afterCommit(() => void effects++);
    await place.raise(tx);
  });
  assert.deepEqual([effects, await place.raised()], [1, 1]);
});

test('while the database is away its callers are told so, and what holds is delivered when it is back', async (t) => {
  const place = await openPlace(t, { doubtMs: 20 });
  if (place === undefined) return;
  const { promise: delivered, resolve } = Promise.withResolvers<number>();
  const { promise: followed, resolve: follow } = Promise.withResolvers<void>();
  const commits = new GroupCommit({ store: new SqlMessageStore(place.db), lanes: 1, maxBatch: 10 });
  place.loseAnswerOfCommit({ thenAway: true });
  await assert.rejects(
    commits.append(message('first'), ({ seq }) => resolve(seq)),
    InDoubt,
  );
  place.comeBack();
  assert.equal(await delivered, 1);
  const again = await commits.append(message('first'), (stored) => stored);
  assert.deepEqual([again.seq, again.isDuplicate], [1, true]);

  place.loseAnswerOfCommit({ thenAway: true });
  const changing = place.db.transaction(async (tx) => {
    tx.afterCommit(follow);
    await place.raise(tx);
  });
  await assert.rejects(changing, InDoubt);
  place.comeBack();
  await followed;
  assert.equal(await place.raised(), 1);
});

async function openPlace(t: TestContext, { doubtMs = 20_000 } = {}) {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return undefined;
  const proxy = await TcpProxy.to(url);
  const direct = await openPostgres(url, silent);
  const db: PostgresDatabase = await openPostgres(proxy.urlOf(url), { ...silent, doubtMs });
  t.after(async () => {
    await db[Symbol.asyncDispose]();
    await direct[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });
  const count = async (query: string) => (await direct.connections.query<{ n: number }>(query))[0]?.n;
  return {
    db,
    /** The server commits, and the next thing that it says is kept back. */
    loseAnswerOfCommit: ({ thenAway = false } = {}) => {
      let committing: Link | undefined;
      proxy.watch = (piece, link, from) => {
        if (from === 'client' && piece.includes('COMMIT')) committing = link;
        if (from === 'client' || link !== committing) return true;
        proxy.watch = () => true;
        proxy.isClosed = thenAway;
        if (thenAway) proxy.cutAll();
        else cut(link);
        return false;
      };
    },
    /** The link breaks before the server hears of the commit. */
    loseCommit: () => {
      proxy.watch = (piece, link, from) => {
        if (from === 'server' || !piece.includes('COMMIT')) return true;
        proxy.watch = () => true;
        cut(link);
        return false;
      };
    },
    comeBack: () => {
      proxy.isClosed = false;
    },
    raise: async (tx: Parameters<Parameters<PostgresDatabase['transaction']>[0]>[0]) => {
      const values = { user_id: 'u', conversation_id: 'c', read_seq: 1 };
      await db
        .executor(tx)
        .insertInto('read_seqs')
        .values(values)
        .onConflict((on) => on.columns(['user_id', 'conversation_id']).doUpdateSet({ read_seq: -1 }))
        .execute();
    },
    /** 1 after one change; below after another. */
    raised: () => count('SELECT read_seq AS n FROM read_seqs'),
    stored: () => count('SELECT count(*) AS n FROM messages'),
  };
}

function message(clientMsgID: string): NewMessage {
  return {
    logID: 'sg_doubt',
    sendID: 'alice',
    clientMsgID,
    serverMsgID: `server-${clientMsgID}`,
    sentAt: 1,
    hasChosenTime: false,
    acceptedAt: 1,
    sessionType: 3,
    contentType: 101,
    bodyWithoutSeq: new Uint8Array(),
    raisesSenderReadSeq: false,
  };
}

const silent = { onEffectFailure: () => {}, onConnectionLost: () => {}, onFailing: () => {}, onRecovered: () => {} };
