/** Known defects of verifying tokens (rest-core.md 5.11), tried on one kind of store. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { newTokenID, TokenCodec } from '../../src/tokens/claims.ts';
import { noCutoffs } from '../../src/tokens/cutoffs.ts';
import { SigningKeys } from '../../src/tokens/signing-keys.ts';
import { adminSecret, hourMs, rejectsWith, signingKey } from '../support/token-authority.ts';
import { envelopeOf } from '../wire/raw-http.ts';
import type { Place } from './places.ts';

export async function verifyingDefects(t: TestContext, place: Place): Promise<void> {
  await t.test('Defect 13: a token that was asked for in vain is accepted from its issue on', async () => {
    const [asked, issuing] = [await place.openAuthority(), await place.openAuthority()];
    const userID = place.newUser();
    const now = Date.now();
    const codec = new TokenCodec(new SigningKeys([signingKey]));
    const jti = newTokenID(randomBytes);
    const signed = codec.sign({ userID, platformID: 1, jti, now, ttlMs: hourMs });
    assert.deepEqual([await asked.verdict(signed.token), await issuing.verdict(signed.token)], [1507, 1507]);

    const { expiresAt } = signed;
    const record = { jti, userID, platformID: 1, issuedAt: now, expiresAt, deviceName: '' };
    await (await place.openStore()).issue({ record, groups: [], everyonesCutoffs: noCutoffs });
    assert.equal(await asked.verdict(signed.token), 0);
  });

  await t.test('Defect 14: a failure of the store is over when it is over', async () => {
    const { authority, fail, recover } = await place.openBreakable();
    const token = await authority.login(place.newUser());
    await fail();
    assert.equal(await authority.verdict(token), 500);
    await recover();
    assert.equal(await authority.verdict(token), 0);
  });

  await t.test("Defect 15: a store that fails is 500 for an admin's older token too, never 1507", async () => {
    const { authority, fail, recover } = await place.openBreakable();
    const older = await authority.loginAdmin();
    await authority.loginAdmin();
    assert.equal(await authority.verdict(older), 0);
    await fail();
    assert.equal(await authority.verdict(older), 500);
    await recover();
    assert.equal(await authority.verdict(older), 0);
  });

  await t.test('Defect 21: a wrong secret is slowed down, and nobody learns who the admins are', async (t) => {
    const world = await place.openWorld(t);
    const ask = async (secret: string, userID: string) =>
      envelopeOf(await world.post('/auth/get_admin_token', { secret, userID }, ''));
    const stranger = await ask('a-secret-only-for-tests', 'stranger');
    assert.equal(stranger.errCode, 1001);
    assert.ok(!JSON.stringify(stranger).includes('imAdmin'));
    // Of one length with the right one, a beginning of it, longer: compared by digest, in the same time.
    const wrong = ['b-secret-only-for-tests', 'a-secret-only-for-test', 'a-secret-only-for-tests!', '', 'x'];
    for (const secret of [...wrong, ...wrong])
      assert.equal((await ask(secret, 'imAdmin')).errCode, 1002, JSON.stringify(secret));
    assert.equal((await ask('a-secret-only-for-tests', 'imAdmin')).errCode, 429);
  });

  await t.test('Defect 24: another admin secret or signing key logs nobody out', async () => {
    const before = await place.openAuthority();
    const [user, admin] = [await before.login(place.newUser()), await before.loginAdmin()];

    const otherSecret = await place.openAuthority({ adminSecret: 'another admin secret' });
    assert.deepEqual([await otherSecret.verdict(user), await otherSecret.verdict(admin)], [0, 0]);
    await assert.rejects(otherSecret.issueAdminToken({ secret: adminSecret, userID: 'imAdmin' }), rejectsWith(1002));

    const keys = new SigningKeys([signingKey]);
    const rotating = await place.openAuthority({ signingKeys: keys });
    keys.replace(['a newer signing key', signingKey]);
    const young = await rotating.login(place.newUser());
    assert.deepEqual(await Promise.all([user, admin, young].map((token) => rotating.verdict(token))), [0, 0, 0]);
    assert.equal(await before.verdict(young), 1505, 'signed with the newer key');
  });
}
