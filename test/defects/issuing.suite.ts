/** Known defects of issuing tokens (rest-core.md 5.11), tried on one kind of store. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type LoginPolicy, loginPolicy } from '../../src/tokens/policy.ts';
import { connect } from '../support/socket-client.ts';
import { asAdmin, hourMs, lifetimesOf, type TestAuthority } from '../support/token-authority.ts';
import { envelopeOf } from '../wire/raw-http.ts';
import { adminSecret } from '../wire/world.ts';
import type { Place } from './places.ts';

export async function issuingDefects(t: TestContext, place: Place): Promise<void> {
  await t.test('Defect 1: concurrent logins leave as many sessions as the policy allows', async () => {
    const cases: readonly [LoginPolicy, number][] = [
      [loginPolicy('keep-all', 2), 2],
      [loginPolicy('one-per-platform', 0), 1],
      [loginPolicy('one-per-class', 0), 1],
      [loginPolicy('pc-and-one-other', 0), 1],
    ];
    for (const [policy, allowed] of cases) {
      const nodes = [
        await place.openAuthority({ loginPolicy: policy }),
        await place.openAuthority({ loginPolicy: policy }),
      ];
      const userID = place.newUser();
      const issued = await Promise.all(Array.from({ length: 20 }, (_, i) => nodes[i % 2]!.login(userID)));
      assert.equal((await verdicts(nodes[0]!, issued)).filter((code) => code === 0).length, allowed);
    }
  });

  await t.test('Defect 2: an issue that fails in the middle has ended nothing, for users and for admins', async (t) => {
    const world = await place.openWorld(t);
    const userID = place.newUser();
    await world.register(userID);
    const [token, admin] = [await world.issue(userID, 1), world.token('admin')];
    const issue = async (path: string, body: unknown) => envelopeOf(await world.post(path, body, admin)).errCode;

    const repair = await place.refuseWrites(world);
    assert.equal(await issue('/auth/get_user_token', { userID, platformID: 1 }), 500);
    assert.equal(await issue('/auth/get_admin_token', { userID: 'imAdmin', secret: adminSecret }), 500);
    await repair();

    assert.deepEqual([await world.verdict(token), await world.verdict(admin)], [0, 0]);
    world.passTime(301_000); // One that had been demoted would be out of its grace.
    assert.equal(await world.verdict(admin), 0);
  });

  await t.test('Defect 4: two logins within one second are two sessions, on their sockets too', async (t) => {
    const world = await place.openWorld(t);
    const userID = place.newUser();
    await world.register(userID);
    const open = (token: string) => connect({ port: world.wsPort, query: { sendID: userID, platformID: '1', token } });
    const first = await world.issue(userID, 1);
    const socket = await open(first);
    const second = await world.issue(userID, 1);
    assert.notEqual(second, first);
    assert.equal((await socket.nextReply()).reqIdentifier, 2002);
    const other = await open(second);
    assert.deepEqual([await world.verdict(first), await world.verdict(second)], [1506, 0]);
    await other.roundTrip();
    other.ws.terminate();
  });

  await t.test(
    'Defect 5: where some must go the newest stays, and Android before it where the policy says so',
    async () => {
      // A cap that nobody reaches: only who looks at the others knows their order within one millisecond.
      const everybody = await place.openAuthority({ loginPolicy: loginPolicy('keep-all', 1000) });
      const cases: readonly [LoginPolicy, readonly number[], number, readonly number[]][] = [
        // The policy, platforms in order of login, the platform that logs in then, which of those before it stay.
        [loginPolicy('keep-all', 2), [1, 1, 1, 1], 5, [2, 3]],
        [loginPolicy('one-per-platform', 0), [1, 1, 1, 1], 5, [3]],
        [loginPolicy('one-per-class', 0), [1, 2, 2, 1], 5, [3]],
        [loginPolicy('pc-and-one-other', 0), [1, 9, 5, 1], 3, [3]],
        [loginPolicy('pc-and-one-other', 0), [2, 2, 9, 1], 3, [1]],
      ];
      for (const [policy, platforms, requested, expected] of cases) {
        const strict = await place.openAuthority({ loginPolicy: policy });
        for (let round = 0; round < 5; round++) {
          const userID = place.newUser();
          const issued = [];
          for (const platformID of platforms) issued.push(await everybody.login(userID, platformID));
          issued.push(await strict.login(userID, requested));
          const codes = [...platforms.map((_, i) => (expected.includes(i) ? 0 : 1506)), 0];
          assert.deepEqual(await verdicts(strict, issued), codes, `${platforms} then ${requested}`);
        }
      }
    },
  );

  await t.test('Defect 6: a cap of 0 or less is no cap', async (t) => {
    for (const cap of ['0', '-1']) {
      const settings = { TESSERA_LOGIN_POLICY: '0', TESSERA_MAX_TOKENS_PER_PLATFORM: cap };
      const world = await place.openWorld(t, settings);
      const userID = place.newUser();
      await world.register(userID);
      const issued = [];
      for (let i = 0; i < 5; i++) issued.push(await world.issue(userID, 1));
      assert.deepEqual(await Promise.all(issued.map((token) => world.verdict(token))), [0, 0, 0, 0, 0]);
    }
  });

  await t.test('Defect 7: every token has its own end: neither a login nor a kick nor a setting moves it', async () => {
    const policy = { loginPolicy: loginPolicy('keep-all', 0) };
    const before = await place.openAuthority({ ...policy, lifetimes: lifetimesOf(24 * hourMs) });
    const since = await place.openAuthority({ ...policy, lifetimes: lifetimesOf(hourMs) });
    const userID = place.newUser();
    const ends = new Map<string, number>();
    const note = async (authority: TestAuthority, token: string) => {
      const session = await authority.verify(token);
      ends.set(session.jti, session.expiresAt);
      return session;
    };
    const long = await before.login(userID);
    await note(before, long);
    const kicked = await note(before, await before.login(userID));
    const { token } = await before.issueUserToken(asAdmin, { userID, platformID: 1, expireTimeSeconds: 60 });
    await note(before, token);
    // The setting is shortened; there are logins, and one of the old tokens is kicked.
    const newest = await note(since, await since.login(userID));
    await since.displace(newest, [kicked.jti]);

    assert.deepEqual(sorted(await place.endsOf(userID)), sorted(ends), 'in the store');
    const later = await place.openAuthority({ clock: () => (ends.values().next().value ?? 0) - 1 });
    assert.equal(await later.verdict(long), 0);
  });

  await t.test('Defect 17: a platform that does not exist gets no token', async (t) => {
    const world = await place.openWorld(t);
    const userID = place.newUser();
    await world.register(userID);
    for (const platformID of [0, -1, 13, 2_147_483_647]) {
      const reply = await world.post('/auth/get_user_token', { userID, platformID }, world.token('admin'));
      assert.equal(envelopeOf(reply).errCode, 1001);
    }
    const reply = await world.post('/auth/get_user_token', { userID, platformID: 10 }, world.token('admin'));
    assert.equal(envelopeOf(reply).errCode, 1002);
    assert.equal((await place.endsOf(userID)).size, 0);
    assert.deepEqual((await world.call('/auth/list_tokens', { userID })).tokens ?? [], []);
  });

  await t.test('Defect 19: HarmonyOS is a class of its own, unless a table of rooms says otherwise', async (t) => {
    const codesUnder = async (settings: Readonly<Record<string, string>>) => {
      const world = await place.openWorld(t, settings);
      const userID = place.newUser();
      await world.register(userID);
      const phone = await world.issue(userID, 1);
      const harmony = await world.issue(userID, 11);
      return [await world.verdict(phone), await world.verdict(harmony)];
    };
    assert.deepEqual(await codesUnder({ TESSERA_LOGIN_POLICY: '4' }), [0, 0]);
    const table = { TESSERA_LOGIN_POLICY: 'custom', TESSERA_LOGIN_POLICY_TABLE: 'Mobile+HarmonyOS=1,PC=1' };
    assert.deepEqual(await codesUnder(table), [1506, 0]);
  });
}

function verdicts(authority: TestAuthority, tokens: readonly string[]): Promise<number[]> {
  return Promise.all(tokens.map((token) => authority.verdict(token)));
}

function sorted(ends: ReadonlyMap<string, number>): (readonly [string, number])[] {
  return [...ends].sort();
}
