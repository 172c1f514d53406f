import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndRecorder } from './end-recorder.ts';
import type { TokenEnd } from './token-end-store.ts';

function endOf(jti: string): TokenEnd {
  const times = { issuedAt: 1, expiresAt: 2_000_000_000_000, acceptedUntil: 0 };
  return { userID: 'alice', jti, platformID: 1, state: 'kicked', reason: 'policy', ...times };
}

/** A store whose every write ends when the test says so. */
function open() {
  const writes: { readonly names: readonly string[]; readonly done: PromiseWithResolvers<void> }[] = [];
  let begun = Promise.withResolvers<void>();
  const owed: number[] = [];
  const record = (ends: readonly TokenEnd[]) => {
    const done = Promise.withResolvers<void>();
    writes.push({ names: ends.map(({ jti }) => jti), done });
    begun.resolve();
    return done.promise;
  };
  const recorder = new EndRecorder({ record }, (ends) => owed.push(ends));
  const nextWrite = async (index: number) => {
    while (writes[index] === undefined) {
      begun = Promise.withResolvers<void>();
      await begun.promise;
    }
    return writes[index];
  };
  return { recorder, writes, owed, nextWrite };
}

test('who comes alone waits for one write; who comes meanwhile goes together with the others into the next', async () => {
  const { recorder, writes, nextWrite } = open();
  const first = recorder.record([endOf('a')]);
  const others = [recorder.record([endOf('b')]), recorder.record([endOf('c'), endOf('d')])];
  assert.deepEqual(
    writes.map(({ names }) => names),
    [['a']],
  );
  writes[0]?.done.resolve();
  await first;
  const second = await nextWrite(1);
  assert.deepEqual(second.names, ['b', 'c', 'd']);
  second.done.resolve();
  await Promise.all(others);
  await recorder.record([]);
  assert.equal(writes.length, 2, 'nothing to write is no write');
});

test('T4 what could not be written fails for who asked, and goes with the next write, each once', async () => {
  const { recorder, writes, owed, nextWrite } = open();
  const failing = recorder.record([endOf('a')]);
  writes[0]?.done.reject(new Error('disk is away'));
  await assert.rejects(failing, /disk is away/);
  const again = recorder.settle();
  const second = await nextWrite(1);
  assert.deepEqual(second.names, ['a']);
  second.done.reject(new Error('disk is away'));
  await assert.rejects(again, /disk is away/);
  const next = recorder.record([endOf('b')]);
  const third = await nextWrite(2);
  assert.deepEqual(third.names, ['a', 'b']);
  third.done.resolve();
  await next;
  await recorder.settle();
  assert.equal(writes.length, 3);
  assert.deepEqual(owed, [1, 1, 0]);
});

test('what is to be told of ends is told of those that are new, in one go, also when it goes with a later write', async () => {
  const told: unknown[] = [];
  const teller = { tell: async (_: unknown, news: readonly unknown[]) => void told.push(news) };
  const tell = {
    teller,
    of: (ends: readonly TokenEnd[]) =>
      ends.map(({ userID, jti }) => {
        const by = { userID: '', operationID: '' };
        return { kind: 'ended', userID, platformID: 1, jtis: [jti], reason: 'policy', by } as const;
      }),
  };
  let isDown = true;
  const known = new Set<string>(['old']);
  const recorder = new EndRecorder({
    record: async (ends, also) => {
      if (isDown) throw new Error('disk is away');
      await also?.(
        { afterCommit() {} },
        ends.filter(({ jti }) => !known.has(jti)),
      );
    },
  });
  await assert.rejects(recorder.record([], tell), /disk is away/);
  await assert.rejects(recorder.record([endOf('a'), endOf('old')], tell), /disk is away/);
  isDown = false;
  await recorder.record([endOf('b')], tell);
  assert.deepEqual(
    told.map((news) => (news as { jtis: string[] }[]).map(({ jtis }) => jtis)),
    [[['a'], ['b']]],
  );
});

test('T4 none that waits is given up: while ten thousand wait there is no room for more', async () => {
  const { recorder, writes, owed, nextWrite } = open();
  const fail = async (count: number, from: number) => {
    const asked = recorder.record(Array.from({ length: count }, (_, index) => endOf(`t${from + index}`)));
    const index = writes.length - 1;
    (await nextWrite(index)).done.reject(new Error('disk is away'));
    await assert.rejects(asked, /disk is away/);
  };
  await fail(9_999, 0);
  recorder.requireRoom();
  await fail(2, 9_999);
  assert.throws(() => recorder.requireRoom(), /^Error: 10001 ends of tokens wait/);
  const again = recorder.settle();
  const last = await nextWrite(2);
  assert.equal(last.names.length, 10_001);
  assert.equal(last.names[0], 't0');
  last.done.resolve();
  await again;
  recorder.requireRoom();
  assert.deepEqual(owed, [9_999, 10_001, 0]);
});
