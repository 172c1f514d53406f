/** What every PushTokenStore and BadgeStore does, as the push domain relies on it. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { PushToken } from '../../src/push/push-token.ts';
import type { BadgeStore, PushTokenStore } from '../../src/push/push-token-store.ts';
import type { LoginCutoff } from '../../src/tokens/login-follower.ts';

export interface PushTokenStoreNode {
  readonly store: PushTokenStore;
  readonly badges: BadgeStore;
  readonly unitOfWork: UnitOfWork;
  /** Another node's. */
  readonly peer: Pick<PushTokenStoreNode, 'store' | 'unitOfWork'>;
  /** Of the same rows, with transactions that fail when all is done. */
  readonly failing: Pick<PushTokenStore, 'deleteCutOff'>;
  /** Of all devices that are there, woken or not. */
  readonly owners: () => Promise<readonly string[]>;
}

export async function pushTokenStoreSuite(t: TestContext, node: PushTokenStoreNode) {
  const { store, badges, unitOfWork, peer, failing, owners } = node;
  const put = async (...tokens: readonly PushToken[]) => {
    for (const token of tokens) await unitOfWork.transaction((tx) => store.put(tx, token));
  };
  const end = (userID: string, ...jtis: readonly string[]) =>
    unitOfWork.transaction((tx) =>
      store.endLogins(
        tx,
        jtis.map((jti) => ({ userID, jti })),
      ),
    );
  const renew = (userID: string, jti: string, successor: string) =>
    unitOfWork.transaction((tx) =>
      store.renewLogins(tx, [{ userID, jti, successor: { jti: successor, expiresAt: 0 } }]),
    );
  const cutOff = (cutoff: LoginCutoff) => unitOfWork.transaction((tx) => store.cutOffLogins(tx, cutoff));
  const namesOf = async (...userIDs: string[]) =>
    (await store.of(userIDs, 1000)).map(({ userID, platformID }) => `${userID}/${platformID}`);

  await t.test('put replaces what the user had on the platform, whole', async () => {
    const first = device('whole', 1);
    const second = { ...first, provider: 'apns', token: 't2', topic: 'app', environment: 'sandbox' } as const;
    const times = { loginAt: 15, registeredAt: 20, expiresAt: 2000 };
    await put(first, { ...second, jti: 'j2', ...times });
    assert.deepEqual(await store.of(['whole'], 1000), [{ ...second, jti: 'j2', ...times }]);
  });

  await t.test('a device that changes hands is no longer that of its former owner', async () => {
    await put(
      { ...device('former', 1), token: 'same' },
      { ...device('other-service', 1), token: 'same', provider: 'apns' },
    );
    await put({ ...device('latter', 2), token: 'same' });
    assert.deepEqual(await namesOf('former', 'latter', 'other-service'), ['latter/2', 'other-service/1']);
  });

  await t.test('of gives those that have not expired, by user and platform', async () => {
    await put(device('b', 2), device('b', 1), device('a', 5));
    await put({ ...device('a', 1), expiresAt: 1000 }, { ...device('a', 2), expiresAt: 1001 });
    assert.deepEqual(await namesOf('b', 'nobody', 'a'), ['a/2', 'a/5', 'b/1', 'b/2']);
    assert.deepEqual(await namesOf(), []);
  });

  await t.test('remove takes one platform of one user, but for what was registered since', async () => {
    const out = (platformID: number, loggedOutAt: number) => ({ userID: 'r', platformID, loggedOutAt });
    await put(device('r', 1), device('r', 2), device('r2', 1));
    await store.remove([out(1, 10), out(2, 9)]);
    await store.remove([out(9, 10)]);
    assert.deepEqual(await namesOf('r', 'r2'), ['r/2', 'r2/1']);
  });

  await t.test('those of ended logins go, also when a login went on under a new token', async () => {
    await put(
      { ...device('l', 1), jti: 'ended' },
      { ...device('l', 2), jti: 'old' },
      { ...device('l', 3), jti: 'kept' },
    );
    await put({ ...device('l2', 1), jti: 'ended' });
    await renew('l', 'old', 'new');
    await end('l', 'old', 'ended');
    assert.deepEqual(await namesOf('l', 'l2'), ['l/2', 'l/3', 'l2/1']);
    await end('l', 'new');
    assert.deepEqual(await namesOf('l'), ['l/3']);
  });

  await t.test('a login that has registered the same device again does not lose it with the one before', async () => {
    await put({ ...device('again', 1), jti: 'before' });
    await put({ ...device('again', 1), jti: 'after' });
    await end('again', 'before');
    assert.deepEqual(await namesOf('again'), ['again/1']);
  });

  await t.test('what ends the later token waits for the renewal under way', async () => {
    await put({ ...device('w', 1), jti: 'old' });
    const outside = AsyncLocalStorage.snapshot();
    const endLater = () => peer.unitOfWork.transaction((tx) => peer.store.endLogins(tx, [{ userID: 'w', jti: 'new' }]));
    let ending = Promise.resolve();
    await unitOfWork.transaction(async (tx) => {
      await store.renewLogins(tx, [{ userID: 'w', jti: 'old', successor: { jti: 'new', expiresAt: 0 } }]);
      ending = outside(endLater);
      // Round trips in which it would be over if it did not wait.
      for (let turn = 0; turn < 5; turn++) await Promise.race([ending, outside(() => peer.store.of(['w'], 1000))]);
    });
    await ending;
    assert.deepEqual(await namesOf('w'), []);
  });

  await t.test('a cutoff takes what was registered before, of a user, a platform or everybody', async () => {
    const at = (userID: string, platformID: number, registeredAt: number) =>
      put({ ...device(userID, platformID), registeredAt });
    await at('c', 1, 5);
    await at('c', 2, 5);
    await at('c', 3, 10);
    await at('d', 1, 5);
    await cutOff({ userID: 'c', platformID: 1, notBefore: 10 });
    assert.deepEqual(await namesOf('c', 'd'), ['c/2', 'c/3', 'd/1']);
    await cutOff({ userID: 'c', platformID: 0, notBefore: 10 });
    assert.deepEqual(await namesOf('c', 'd'), ['c/3', 'd/1']);
    await cutOff({ userID: '', platformID: 0, notBefore: 10 });
    assert.deepEqual(await namesOf('c', 'd'), ['c/3']);
    await put({ ...device('c', 1), jti: 'spared' });
    await cutOff({ userID: 'c', platformID: 0, notBefore: 11, spares: 'spared' });
    assert.deepEqual(await namesOf('c'), ['c/1']);
  });

  await t.test('a cutoff goes by the login of a device, where that is known', async () => {
    for (const [platformID, loginAt] of [9, 10, 0].entries()) {
      await put({ ...device('e', platformID + 1), loginAt, registeredAt: 20 });
    }
    await cutOff({ userID: 'e', platformID: 0, notBefore: 10 });
    assert.deepEqual(await namesOf('e'), ['e/2', 'e/3']);
    await cutOff({ userID: '', platformID: 0, notBefore: 11 });
    assert.deepEqual(await namesOf('e'), ['e/3']);
  });

  await t.test('a cutoff of everybody deletes nothing itself, and from then on wakes nobody', async () => {
    await put({ ...device('all', 1), registeredAt: 15 }, { ...device('all', 2), registeredAt: 25 });
    await put({ ...device('all', 3), loginAt: 15, registeredAt: 30 }, { ...device('all', 4), loginAt: 20 });
    await cutOff({ userID: '', platformID: 2, notBefore: 30 });
    await cutOff({ userID: '', platformID: 0, notBefore: 20 });
    assert.equal((await owners()).filter((userID) => userID === 'all').length, 4);
    assert.deepEqual(await namesOf('all'), ['all/4']);
    assert.deepEqual(await namesOf('all', 'nobody'), ['all/4'], 'nor of several users');
    await cutOff({ userID: '', platformID: 0, notBefore: 20 });
    await put({ ...device('all', 1), registeredAt: 20 }, { ...device('all', 3), loginAt: 21 });
    assert.deepEqual(await namesOf('all'), ['all/1', 'all/3', 'all/4'], 'but by what later logins have registered');
  });

  await t.test('those go piece by piece, and no others, whoever fails meanwhile or is at it too', async () => {
    while (await store.deleteCutOff());
    const users = Array.from({ length: 600 }, (_, index) => `piece${index}`);
    await unitOfWork.transaction(async (tx) => {
      for (const [index, userID] of users.entries()) {
        await store.put(tx, { ...device(userID, 1), loginAt: index % 3 === 0 ? 41 : 39, registeredAt: 50 });
        if (index % 3 === 1) await store.put(tx, { ...device(userID, 2), loginAt: 39, registeredAt: 50 });
      }
    });
    const left = async () => (await owners()).filter((userID) => userID.startsWith('piece')).length;
    await cutOff({ userID: '', platformID: 1, notBefore: 40 });
    await assert.rejects(failing.deleteCutOff(), /no/);
    assert.equal(await left(), 800);
    assert.equal(await store.deleteCutOff(), true);
    const afterOne = await left();
    assert.ok(afterOne < 800 && afterOne > 400, `${afterOne} are left`);
    await assert.rejects(failing.deleteCutOff(), /no/);
    assert.equal(await left(), afterOne);
    await cutOff({ userID: '', platformID: 1, notBefore: 38 });
    const sweep = async (of: typeof store) => {
      while (await of.deleteCutOff());
    };
    await Promise.all([sweep(store), sweep(peer.store)]);
    // Where one has passed over what the other was at.
    await sweep(store);
    const kept = users.flatMap((userID, index) => (index % 3 === 2 ? [] : [`${userID}/${index % 3 === 0 ? 1 : 2}`]));
    assert.deepEqual((await namesOf(...users)).toSorted(), kept.toSorted());
    assert.equal(await left(), kept.length);
    assert.equal(await store.deleteCutOff(), false);
    await put({ ...device('piece', 1), registeredAt: 39 });
    assert.deepEqual(await namesOf('piece'), ['piece/1'], 'and is over then');
  });

  await t.test('what a service calls dead goes, unless it was registered anew since', async () => {
    const [dead, renewed, replaced] = [device('dead', 1), device('dead', 2), device('dead', 3)];
    await put(dead, renewed, replaced);
    await put({ ...renewed, registeredAt: 11 }, { ...replaced, token: 'another' });
    await store.removeDead([dead, renewed, replaced]);
    assert.deepEqual(await namesOf('dead'), ['dead/2', 'dead/3']);
  });

  await t.test('a put belongs to its transaction', async () => {
    const attempt = unitOfWork.transaction(async (tx) => {
      await store.put(tx, device('undone', 1));
      throw new Error('no');
    });
    await assert.rejects(attempt, /no/);
    assert.deepEqual(await namesOf('undone'), []);
  });

  await t.test('badges are those last set', async () => {
    await badges.set('one', 3);
    await badges.set('one', -1);
    await badges.set('two', 7);
    assert.deepEqual(Object.fromEntries(await badges.of(['one', 'two', 'none'])), { one: -1, two: 7 });
  });
}

function device(userID: string, platformID: number): PushToken {
  return {
    userID,
    platformID,
    provider: 'fcm',
    token: `${userID}-${platformID}`,
    topic: '',
    environment: '',
    jti: 'j',
    loginAt: 0,
    registeredAt: 10,
    expiresAt: 0,
  };
}
