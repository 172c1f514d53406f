/** The JWT by itself. `jose` signs and checks beside us, as an implementation that is not ours. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { ProtocolError } from '../protocol/errors.ts';
import { newTokenID, requireBegun, TokenCodec } from './claims.ts';
import { SigningKeys } from './signing-keys.ts';

const key = 'first key of the test, long enough';
const otherKey = 'second key of the test, long enough';
const now = Date.UTC(2030, 0, 1, 12, 0, 0, 250);
const nowSeconds = Math.floor(now / 1000);
const claims = { UserID: 'alice', PlatformID: 1, exp: nowSeconds + 3600, iat: nowSeconds - 5 };
const codec = new TokenCodec(new SigningKeys([key]));

function sign(payload: Record<string, unknown>, header: Record<string, unknown> = {}, signingKey = key) {
  return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header }).sign(Buffer.from(signingKey));
}

function issue(jti = newTokenID(randomBytes), ttlMs = 3_600_000, at = now) {
  return codec.sign({ userID: 'alice', platformID: 1, jti, now: at, ttlMs });
}

/** Any three segments under a correct HS256 signature, which no library would produce. */
function signRaw(header: string, payload: string): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

function codeOf(token: string, at = now, verifying = codec): number {
  try {
    requireBegun(verifying.verify(token, at), at);
    return 0;
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.ok(token === '' || !error.message.includes(token.slice(0, 30)), 'T6: the error repeats the token');
    return error.code;
  }
}

describe('claims that are issued', () => {
  test('have exactly the keys of OpenIM plus jti and the milliseconds, and a header that names the key', async () => {
    const { token, jti } = issue();

    const { payload, protectedHeader } = await jwtVerify(token, Buffer.from(key), { currentDate: new Date(now) });

    assert.deepEqual(payload, { ...claims, exp: nowSeconds + 3601, jti, iat_ms: now % 1000 });
    assert.deepEqual(Object.keys(payload), ['UserID', 'PlatformID', 'exp', 'iat', 'jti', 'iat_ms']);
    assert.deepEqual({ ...protectedHeader, kid: '' }, { alg: 'HS256', typ: 'JWT', kid: '' });
    assert.match(String(protectedHeader.kid), /^[\da-f]{8}$/);
  });

  test('T1 end at the first whole second that is not before now + ttl', () => {
    assert.equal(issue('j', 3_600_000, now).expiresAt, (nowSeconds + 3601) * 1000);
    assert.equal(issue('j', 3_600_000, nowSeconds * 1000).expiresAt, (nowSeconds + 3600) * 1000);
    assert.equal(issue('j', 1, nowSeconds * 1000 + 999).expiresAt, (nowSeconds + 1) * 1000);
  });

  test('T1 are accepted until the millisecond before exp and not from exp on', () => {
    const { token, expiresAt } = issue();
    assert.equal(codeOf(token, expiresAt - 1), 0);
    assert.equal(codeOf(token, expiresAt), 1501);
  });

  test('T2 defect 4: differ also for the same user, platform and millisecond', () => {
    assert.notEqual(issue().token, issue().token);
  });

  test('come back as they were signed', () => {
    const { token, ...signed } = issue();
    assert.deepEqual(codec.verify(token, now), signed);
  });

  test('say when they were issued; others’ to the second, as OpenIM and we set iat: five seconds back', async () => {
    const { token, issuedAt } = issue();
    assert.equal(issuedAt, now);
    assert.equal(codec.verify(token, now).issuedAt, now);
    for (const iat_ms of [-1, 1000, 0.5, '5']) {
      assert.equal(codec.verify(await sign({ ...claims, iat_ms }), now).issuedAt, nowSeconds * 1000);
    }
    assert.equal(codec.verify(await sign(claims), now).issuedAt, nowSeconds * 1000);
    assert.equal(codec.verify(await sign({ ...claims, iat: undefined }), now).issuedAt, 0);
  });

  test('are ours with a jti of our form and a kid, and otherwise of OpenIM', async () => {
    const { token, jti } = issue();
    const { kid } = decodeProtectedHeader(token);
    const isOurs = async (payload: Record<string, unknown>, header: Record<string, unknown>) =>
      codec.verify(await sign(payload, header), now).isOurs;
    assert.equal(codec.verify(token, now).isOurs, true);
    assert.equal(await isOurs({ ...claims, jti }, { kid }), true);
    assert.equal(await isOurs({ ...claims, jti }, { kid, cty: 'x' }), true);
    assert.equal(await isOurs({ ...claims, jti }, {}), false);
    assert.equal(await isOurs(claims, { kid }), false);
    assert.equal(await isOurs({ ...claims, jti: 'not-ours' }, { kid }), false);
    assert.equal(await isOurs(claims, {}), false);
  });

  test('are accepted by a clock that is five seconds behind', () => {
    const { token } = issue();
    assert.equal(codeOf(token, now - 5000), 0);
    assert.equal(codeOf(token, now - 5251), 1505);
  });
});

describe('token IDs', () => {
  test('T2 are 80 random bits', () => {
    assert.equal(
      newTokenID((size) => Buffer.alloc(size, 0xff)),
      Buffer.alloc(10, 0xff).toString('base64url'),
    );
  });

  test('T6 of a token without jti are a hash of what is signed, however the signature is spelt', async () => {
    const token = await sign(claims);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The last of 43 base64url characters carries two unused bits.
    const respelt = token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? '') ^ 1];
    const { jti } = codec.verify(token, now);

    assert.match(jti, /^h:[\w-]{14}$/);
    assert.ok(!token.includes(jti.slice(2)));
    assert.notEqual(respelt, token);
    assert.equal(codec.verify(respelt, now).jti, jti);
    assert.notEqual(codec.verify(await sign({ ...claims, iat: claims.iat - 1 }), now).jti, jti);
  });

  test('that are not of our shape are not used in store keys', async () => {
    for (const jti of ['', 7, 'short', 'a'.repeat(17), 'a'.repeat(22), `${'a'.repeat(15)}}`, null, ['x']]) {
      assert.match(codec.verify(await sign({ ...claims, jti }), now).jti, /^h:/);
    }
  });
});

describe('keys', () => {
  const rotated = new TokenCodec(new SigningKeys([otherKey, key]));

  test('the first signs, all verify, and the old codec does not know the new key', () => {
    const { token } = rotated.sign({ userID: 'alice', platformID: 1, jti: newTokenID(randomBytes), now, ttlMs: 1000 });
    assert.equal(codeOf(token, now, rotated), 0);
    assert.equal(codeOf(token), 1505);
    assert.equal(codeOf(issue().token, now, rotated), 0);
  });

  test('a token without kid, as OpenIM signs, is tried against every key', async () => {
    assert.equal(codeOf(await sign(claims, {}, key), now, rotated), 0);
    assert.equal(codeOf(await sign(claims, {}, otherKey), now, rotated), 0);
    assert.equal(codeOf(await sign(claims, {}, 'a key that nobody configured'), now, rotated), 1505);
  });

  test('the claims of a token without kid are judged whichever key fits', async () => {
    assert.equal(codeOf(await sign({ ...claims, exp: 1 }, {}, otherKey), now, rotated), 1501);
    assert.equal(codeOf(await sign({ ...claims, exp: 1 }, {}, key), now, rotated), 1501);
  });

  test('kid decides: a signature by another configured key under it is not accepted', async () => {
    const { kid } = decodeProtectedHeader(issue().token);
    assert.equal(codeOf(await sign(claims, { kid }, key), now, rotated), 0);
    assert.equal(codeOf(await sign(claims, { kid }, otherKey), now, rotated), 1505);
    assert.equal(codeOf(await sign(claims, { kid: 'unknown' }, key), now, rotated), 1505);
    assert.equal(codeOf(signRaw('{"alg":"HS256","kid":7}', JSON.stringify(claims)), now, rotated), 1505);
  });

  test('that replace others hold at once: the new one signs, both verify, and what was taken out is unknown', async () => {
    const keys = new SigningKeys([key]);
    const running = new TokenCodec(keys);
    const issued = () =>
      running.sign({ userID: 'alice', platformID: 1, jti: newTokenID(randomBytes), now, ttlMs: 1000 }).token;
    const old = issued();
    keys.replace([otherKey, key]);
    const young = issued();
    assert.notEqual(decodeProtectedHeader(young).kid, decodeProtectedHeader(old).kid);
    assert.deepEqual([codeOf(old, now, running), codeOf(young, now, running)], [0, 0]);
    assert.equal(codeOf(await sign(claims, {}, otherKey), now, running), 0);
    keys.replace([otherKey]);
    assert.deepEqual([codeOf(old, now, running), codeOf(young, now, running)], [1505, 0]);
    assert.equal(codeOf(await sign(claims, {}, key), now, running), 1505);
  });

  test('that are not known are looked for before a token is refused', () => {
    const { token } = rotated.sign({ userID: 'alice', platformID: 1, jti: newTokenID(randomBytes), now, ttlMs: 1000 });
    const keys = new SigningKeys([key]);
    let looked = 0;
    keys.whenUnknown(() => {
      looked += 1;
      if (looked === 2) keys.replace([key, otherKey]);
    });
    const running = new TokenCodec(keys);
    assert.deepEqual([codeOf(token, now, running), looked], [1505, 1]);
    assert.deepEqual([codeOf(token, now, running), looked], [0, 2]);
    assert.deepEqual([codeOf(issue().token, now, running), looked], [0, 2]);
  });

  test('kid does not contain the key', () => {
    assert.ok(!key.includes(String(decodeProtectedHeader(issue().token).kid)));
  });
});

describe('1503 malformed', () => {
  const { token } = issue();
  const [header = '', payload = '', signature = ''] = token.split('.');
  const cases: Record<string, string> = {
    empty: '',
    'one segment': header,
    'two segments': `${header}.${payload}`,
    'four segments': `${token}.${signature}`,
    'only dots': '..',
    'Bearer prefix': `Bearer ${token}`,
    'bearer prefix': `bearer ${token}`,
    'BEARER prefix': `BEARER ${token}`,
    'header with bad base64': `${header}*.${payload}.${signature}`,
    'payload with bad base64': `${header}.${payload}*.${signature}`,
    'padded payload': `${header}.${payload}=.${signature}`,
    'leading space': ` ${token}`,
    'header not JSON': signRaw('{"alg":"HS256"', JSON.stringify(claims)),
    'payload not JSON': signRaw('{"alg":"HS256"}', '{"UserID":'),
    'header an array': signRaw('[]', JSON.stringify(claims)),
    'header null': signRaw('null', JSON.stringify(claims)),
    'payload an array': signRaw('{"alg":"HS256"}', '[1]'),
    'payload null': signRaw('{"alg":"HS256"}', 'null'),
    'payload a number': signRaw('{"alg":"HS256"}', '7'),
    'far too long': `${token}${'A'.repeat(10_000)}`,
  };
  for (const [name, malformed] of Object.entries(cases)) {
    test(name, () => assert.equal(codeOf(malformed), 1503));
  }

  const badClaims: Record<string, unknown> = {
    'no UserID': { ...claims, UserID: undefined },
    'UserID empty': { ...claims, UserID: '' },
    'UserID a number': { ...claims, UserID: 7 },
    'no PlatformID': { ...claims, PlatformID: undefined },
    'PlatformID a string': { ...claims, PlatformID: '1' },
    'PlatformID 0': { ...claims, PlatformID: 0 },
    'PlatformID 13': { ...claims, PlatformID: 13 },
    'PlatformID 1.5': { ...claims, PlatformID: 1.5 },
    'no exp': { ...claims, exp: undefined },
    'exp a string': { ...claims, exp: String(claims.exp) },
    'exp null': { ...claims, exp: null },
    'exp beyond time': { ...claims, exp: 1e300 },
    'nbf a string': { ...claims, nbf: '1' },
    'iat a string': { ...claims, iat: '1' },
    'expired, and UserID a number': { ...claims, UserID: 7, exp: 1 },
  };
  for (const [name, payload] of Object.entries(badClaims)) {
    test(`correctly signed: ${name}`, () => {
      assert.equal(codeOf(signRaw('{"alg":"HS256","typ":"JWT"}', JSON.stringify(payload))), 1503);
    });
  }
});

describe('1505 algorithm and signature', () => {
  test('HS384 and HS512 with the right key: the algorithm is pinned', async () => {
    for (const alg of ['HS384', 'HS512']) {
      const longKey = key.repeat(3);
      const token = await new SignJWT(claims).setProtectedHeader({ alg }).sign(Buffer.from(longKey));
      assert.equal(codeOf(token, now, new TokenCodec(new SigningKeys([longKey]))), 1505);
    }
  });

  test('alg none, in any spelling, with and without a signature', async () => {
    assert.equal(codeOf(new UnsecuredJWT(claims).encode()), 1505);
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const token = signRaw(JSON.stringify({ alg }), JSON.stringify(claims));
      assert.equal(codeOf(token), 1505);
      assert.equal(codeOf(token.slice(0, token.lastIndexOf('.') + 1)), 1505);
    }
  });

  test('RS256, also when our key is the public key of the pair (algorithm confusion)', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
    assert.equal(codeOf(token), 1505);
    assert.equal(codeOf(token, now, new TokenCodec(new SigningKeys([pem]))), 1505);
  });

  test('no alg, alg of a wrong type, unknown alg', () => {
    for (const header of ['{}', '{"alg":7}', '{"alg":["HS256"]}', '{"alg":"HS257"}', '{"alg":"hs256"}']) {
      assert.equal(codeOf(signRaw(header, JSON.stringify(claims))), 1505);
    }
  });

  test('a critical extension that we do not know', () => {
    assert.equal(codeOf(signRaw('{"alg":"HS256","crit":["x"],"x":1}', JSON.stringify(claims))), 1505);
  });

  test('signature empty, cut, of other bytes, or not base64', () => {
    const { token } = issue();
    const input = token.slice(0, token.lastIndexOf('.'));
    for (const signature of ['', token.slice(input.length + 1, -2), randomBytes(32).toString('base64url'), '***']) {
      assert.equal(codeOf(`${input}.${signature}`), 1505);
    }
  });

  test('claims changed under a good signature', () => {
    const [header, payload = '', signature] = issue().token.split('.');
    const forged = { ...decodeJwt(`${header}.${payload}.${signature}`), UserID: 'imAdmin' };
    assert.equal(codeOf(`${header}.${Buffer.from(JSON.stringify(forged)).toString('base64url')}.${signature}`), 1505);
  });

  test('wins over an expired claim', async () => {
    assert.equal(codeOf(await sign({ ...claims, exp: 1 }, {}, otherKey)), 1505);
  });

  test('no single changed character of a token is accepted as another token', () => {
    const { token, jti } = issue();
    for (let i = 0; i < token.length; i += 1) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      try {
        assert.equal(codec.verify(changed, now).jti, jti);
        assert.equal(i, token.length - 1, 'only the last character has unused bits');
      } catch (error) {
        assert.ok(error instanceof ProtocolError && [1503, 1505].includes(error.code), String(error));
      }
    }
  });
});

describe('the claims of a correctly signed token', () => {
  const cases: [string, Record<string, unknown>, number][] = [
    ['expired', { exp: nowSeconds }, 1501],
    ['nbf in the future', { nbf: nowSeconds + 1 }, 1504],
    ['nbf now', { nbf: nowSeconds }, 0],
    ['iat in the future', { iat: nowSeconds + 1 }, 1505],
    ['no iat', { iat: undefined }, 0],
    ['expired before not valid yet', { exp: 1, nbf: nowSeconds + 1 }, 1501],
    ['not valid yet before issued in the future', { nbf: nowSeconds + 1, iat: nowSeconds + 1 }, 1504],
    ['expired before issued in the future', { exp: 1, iat: nowSeconds + 1 }, 1501],
  ];
  for (const [name, change, code] of cases) {
    test(`${name}: ${code}`, async () => assert.equal(codeOf(await sign({ ...claims, ...change })), code));
  }
});
