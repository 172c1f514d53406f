/**
 * fast-jwt beside jose, on the JWT that Tessera makes: what signing and verifying cost, and what of it our own codec
 * adds. Decides docs/adr/0003-jwt-library.md. Run: node bench/jwt.ts
 */
import { randomBytes } from 'node:crypto';
import { createSigner, createVerifier } from 'fast-jwt';
import { jwtVerify, SignJWT } from 'jose';
import { newTokenID, TokenCodec } from '../src/tokens/claims.ts';
import { SigningKeys } from '../src/tokens/signing-keys.ts';
import { readCommandLine } from './support/command-line.ts';

readCommandLine(import.meta.filename, {});

const rounds = 5;
const roundMs = 400;
const key = Buffer.from('a signing key as long as people choose them');
const algorithm = 'HS256';
const header = { alg: algorithm, typ: 'JWT', kid: 'Kf2m9Qxa' };
const ttlMs = 90 * 24 * 3_600_000;

const codec = new TokenCodec(new SigningKeys([key.toString()]));
const fastSign = createSigner({ algorithm, key, kid: header.kid });
const fastVerify = createVerifier({ algorithms: [algorithm], key, cache: false });
const joseKey = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);

// Different tokens in turn, as on a server: none of the libraries may win by remembering the last one.
const ours = Array.from({ length: 1024 }, (_, i) => signOurs(i));
const plain = await Promise.all(ours.map((_, i) => new SignJWT(claims(i)).setProtectedHeader(header).sign(joseKey)));

interface Subject {
  readonly run: (i: number) => unknown;
  /** Calls under way at the same time; a synchronous one has none beside it. */
  readonly atOnce?: number;
}

const joseSign = (i: number) => new SignJWT(claims(i)).setProtectedHeader(header).sign(joseKey);
const joseVerify = (i: number) => jwtVerify(plain[i % 1024]!, joseKey, { algorithms: [algorithm] });
const subjects: Record<string, Subject> = {
  'sign    fast-jwt': { run: (i) => fastSign(claims(i)) },
  'sign    jose': { run: joseSign, atOnce: 1 },
  'sign    jose, 64 at once': { run: joseSign, atOnce: 64 },
  'sign    Tessera (fast-jwt)': { run: signOurs },
  'verify  fast-jwt': { run: (i) => fastVerify(plain[i % 1024]!) },
  'verify  jose': { run: joseVerify, atOnce: 1 },
  'verify  jose, 64 at once': { run: joseVerify, atOnce: 64 },
  'verify  Tessera (fast-jwt)': { run: (i) => codec.verify(ours[i % 1024]!, Date.now()) },
};

const rates = new Map<string, number[]>(Object.keys(subjects).map((name) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, subject] of Object.entries(subjects)) {
    const rate = await operationsPerSecond(subject);
    // The first round warms up.
    if (round > 0) rates.get(name)?.push(rate);
  }
}
console.log(
  `node ${process.version}, ${rounds} rounds of ${roundMs} ms each, one after the other; operations per second`,
);
for (const [name, measured] of rates) {
  const sorted = measured.toSorted((a, b) => a - b).map((rate) => Math.round(rate).toLocaleString('en').padStart(9));
  console.log(`${name.padEnd(28)} median ${sorted[rounds >> 1]}   min ${sorted[0]}   max ${sorted.at(-1)}`);
}

async function operationsPerSecond({ run, atOnce }: Subject): Promise<number> {
  const start = performance.now();
  let elapsed = 0;
  let count = 0;
  while (elapsed < roundMs) {
    if (atOnce === undefined) {
      for (let i = 0; i < 500; i += 1) run(count + i);
      count += 500;
    } else {
      await Promise.all(Array.from({ length: atOnce }, (_, i) => run(count + i)));
      count += atOnce;
    }
    elapsed = performance.now() - start;
  }
  return (count * 1000) / elapsed;
}

function claims(i: number) {
  const iat = Math.floor(Date.now() / 1000) - 5;
  return { UserID: `user${i}`, PlatformID: 1, exp: iat + ttlMs / 1000, iat, jti: 'BNtX1iGw1ZHJgLcDbA8yWQ' };
}

function signOurs(i: number): string {
  return codec.sign({ userID: `user${i}`, platformID: 1, jti: newTokenID(randomBytes), now: Date.now(), ttlMs }).token;
}
