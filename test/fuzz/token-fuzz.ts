/**
 * Mutated tokens against the token authority: what is accepted must say, byte for byte, what a live token says under
 * its signature, and every refusal must be one of the protocol's codes for tokens. Used by tokens.test.ts and by
 * bench/token-fuzz.ts.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { ProtocolError } from '../../src/protocol/errors.ts';
import type { Session } from '../../src/tokens/session.ts';
import { asAdmin, callOf, signingKey, type TestAuthority } from '../support/token-authority.ts';

export interface FuzzOutcome {
  readonly accepted: number;
  /** How many were refused, by code. */
  readonly refused: ReadonlyMap<number, number>;
}

/** @throws AssertionError with the round, so that the seed and the round repeat it; never with the token (T6) */
export async function fuzzVerification(
  authority: TestAuthority,
  { seed, rounds }: { seed: number; rounds: number },
): Promise<FuzzOutcome> {
  const corpus = await TokenCorpus.of(authority, seed);
  let accepted = 0;
  const refused = new Map<number, number>();
  const one = async (round: number) => {
    const token = corpus.mutant(round);
    const where = `seed ${seed}, round ${round}`;
    try {
      const session = await authority.verify(token);
      assert.equal(corpus.ownerOf(token), session.userID, `${where}: accepted`);
      accepted++;
    } catch (error) {
      assert.ok(error instanceof ProtocolError, `${where}: ${error instanceof Error ? error.stack : error}`);
      assert.ok(tokenCodes.has(error.code), `${where}: code ${error.code}`);
      assert.equal(corpus.ownerOf(token), undefined, `${where}: a good token was refused with ${error.code}`);
      refused.set(error.code, (refused.get(error.code) ?? 0) + 1);
    }
  };
  // Most rounds end in an error, of which the stack is the costliest part; seed and round tell more.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    // Some at once, as on a server.
    for (let round = 0; round < rounds; round += 32) {
      await Promise.all(Array.from({ length: Math.min(32, rounds - round) }, (_, i) => one(round + i)));
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { accepted, refused };
}

/** Facts about a token; 1502 is raised by nothing. */
export const tokenCodes: ReadonlySet<number> = new Set([1501, 1503, 1504, 1505, 1506, 1507]);

/** Where tokens for the corpus come from. */
export type TokenSource = Pick<TestAuthority, 'login' | 'loginAdmin' | 'verify' | 'forceLogout' | 'revokeIssuedBefore'>;

/** Good tokens and bad, and what can be made of them. */
export class TokenCorpus {
  readonly #seed: number;
  /** All kinds: live, expired, kicked, signed with another key, never stored, as OpenIM signs. */
  readonly #tokens: readonly string[];
  /** Owners by what is signed, of live tokens. */
  readonly #owners: ReadonlyMap<string, { readonly userID: string; readonly signature: Buffer }>;

  static async of(source: TokenSource, seed: number): Promise<TokenCorpus> {
    const live: string[] = [];
    for (let i = 0; i < 8; i++) live.push(await source.login(`user${i}`, (i % 9) + 1));
    live.push(await source.loginAdmin());
    const sessions = new Map<string, Session>();
    for (const token of live) sessions.set(token, await source.verify(token));

    const kicked = await source.login('kicked');
    await source.forceLogout(asAdmin, { userID: 'kicked', platformID: 1 });
    const cutOff = await source.login('cutoff');
    const { issuedAt } = await source.verify(cutOff);
    while (Date.now() <= issuedAt);
    const request = { userID: 'cutoff', platformIDs: [], issuedBefore: Date.now() };
    await source.revokeIssuedBefore(callOf('cutoff'), request);

    const [header = '', payload = ''] = (live[0] ?? '').split('.');
    const claims = JSON.parse(decoded(payload));
    const openims = encoded('{"alg":"HS256","typ":"JWT"}');
    const past = encoded(JSON.stringify({ ...claims, exp: claims.exp - 90 * 86_400, iat: claims.iat - 90 * 86_400 }));
    const bad = [
      kicked,
      cutOff,
      signed(header, past),
      signed(openims, encoded(JSON.stringify({ ...claims, jti: undefined }))),
      signed(header, encoded(JSON.stringify({ ...claims, jti: 'A'.repeat(14) }))),
      signed(header, payload, 'another key of the tests'),
    ];
    return new TokenCorpus(seed, live, bad, sessions);
  }

  private constructor(seed: number, live: readonly string[], bad: readonly string[], sessions: Map<string, Session>) {
    this.#seed = seed;
    this.#tokens = [...live, ...bad];
    this.#owners = new Map(
      live.map((token) => [
        token.slice(0, token.lastIndexOf('.')),
        { userID: sessions.get(token)?.userID ?? '', signature: signatureOf(token) },
      ]),
    );
  }

  /** Whose live token this is, however its signature is spelt; undefined if it must be refused. */
  ownerOf(token: string): string | undefined {
    const owner = this.#owners.get(token.slice(0, token.lastIndexOf('.')));
    if (owner === undefined || !/^[\w-]{43}$/.test(token.slice(token.lastIndexOf('.') + 1))) return undefined;
    return signatureOf(token).equals(owner.signature) ? owner.userID : undefined;
  }

  /** The same for the same seed and round. */
  mutant(round: number): string {
    const dice = new Dice(this.#seed + Math.imul(round + 1, 0x9e3779b1));
    let token = dice.of(this.#tokens);
    for (let changes = dice.below(3); changes >= 0; changes--) {
      // Now and then a token is left as it is: what is good must be accepted.
      if (dice.below(20) > 0) token = dice.of(mutations)(token, dice, this.#tokens);
    }
    return token;
  }
}

type Mutation = (token: string, dice: Dice, corpus: readonly string[]) => string;

const mutations: readonly Mutation[] = [
  // Characters: one replaced, inserted, doubled or in another case; a piece left out, repeated or from another token.
  (token, dice) => replaceAt(token, dice.below(token.length), dice.of(characters)),
  (token, dice) => insertAt(token, dice.below(token.length + 1), dice.of(characters)),
  (token, dice) => {
    const at = dice.below(token.length);
    const char = token[at] ?? '';
    return replaceAt(token, at, char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase());
  },
  (token, dice) => token.slice(0, dice.below(token.length + 1)),
  (token, dice) => token.slice(dice.below(token.length + 1)),
  (token, dice) => {
    const at = dice.below(token.length + 1);
    return token.slice(0, at) + token.slice(dice.below(token.length + 1));
  },
  (token, dice, corpus) => {
    const other = dice.of(corpus);
    const at = dice.below(token.length + 1);
    return token.slice(0, at) + other.slice(at);
  },
  // Segments: those of several tokens together, in another order, left out, too many.
  (token, dice, corpus) => {
    const own = token.split('.');
    const other = dice.of(corpus).split('.');
    return own.map((segment, i) => (dice.below(2) === 0 ? segment : (other[i] ?? segment))).join('.');
  },
  (token, dice) => {
    const segments = token.split('.');
    segments.splice(dice.below(segments.length + 1), dice.below(2), dice.of(['', segments[0] ?? '', '{}', 'e30', '=']));
    return segments.join('.');
  },
  (token) => token.split('.').reverse().join('.'),
  // Claims and header, under a signature that was made for others, with another key, or with none.
  (token, dice) => withSegment(token, 1, (claims) => changeJson(claims, dice, claimChanges)),
  (token, dice) => withSegment(token, 0, (header) => changeJson(header, dice, headerChanges)),
  (token, dice) => {
    const changed = withSegment(token, 1, (claims) => changeJson(claims, dice, claimChanges));
    const [header = '', payload = ''] = changed.split('.');
    return signed(header, payload, dice.of(['', 'openIM123', 'another key', signingKey.slice(1)]));
  },
  (token, dice) =>
    withSegment(token, dice.below(2), (json) => dice.of(['', '{', 'null', '[]', '7', '"x"', `${json}${json}`])),
  // Spellings of base64.
  (token, dice) => token.replaceAll('-', dice.of(['+', '-'])).replaceAll('_', dice.of(['/', '_'])),
  (token, dice) => `${token}${'='.repeat(dice.below(4))}`,
  (token) => token.replaceAll('.', '=.'),
  (token, dice) => {
    // The last character of a signature carries two bits that mean nothing.
    const at = alphabet.indexOf(token.at(-1) ?? '');
    return at < 0 ? token : token.slice(0, -1) + alphabet[at ^ (1 + dice.below(3))];
  },
  // Around it.
  (token, dice) => dice.of(['Bearer ', 'bearer ', ' ', '\t', '\ufeff', '"', '\0']) + token,
  (token, dice) => token + dice.of([' ', '\n', '"', '\0', '.', '..', '%00', ';', ',']),
  (token, dice) =>
    dice.of(['', '.', '..', '...', 'null', 'undefined', '[object Object]', token.repeat(50), 'x'.repeat(9000)]),
];

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const characters = [...alphabet, ...'.=+/ %"\\{}[]:,;\0\n\r\t\u007f\u0085\u2028é用😀\ud800\udfff'];

type JsonObject = Record<string, unknown>;
type JsonChange = (object: JsonObject, dice: Dice) => unknown;

const values: readonly unknown[] = [
  ...['', 'imAdmin', 'user1', '1', '__proto__', '\ud800', 'x'.repeat(300), null, true, [], {}, [1]],
  ...[0, -1, 1, 5, 10, 12, 1.5, 1e12, 1e308, -1e308, 2 ** 53, 4_102_444_800],
];
const claimChanges: readonly JsonChange[] = [
  'UserID',
  'PlatformID',
  'exp',
  'iat',
  'nbf',
  'jti',
  'userID',
  '__proto__',
].flatMap((key): JsonChange[] => [
  (claims, dice) => ({ ...claims, [key]: dice.of(values) }),
  ({ [key]: _gone, ...claims }) => claims,
]);
const headerChanges: readonly JsonChange[] = [
  (header, dice) => ({
    ...header,
    alg: dice.of(['none', 'None', 'HS384', 'HS512', 'RS256', 'ES256', 'hs256', '', null, 7]),
  }),
  (header, dice) => ({
    ...header,
    kid: dice.of(['', '../key', '0', '00000000', 'constructor', 'toString', '__proto__', {}, null, 7]),
  }),
  (header, dice) => ({ ...header, typ: dice.of(['', 'JWE', 'at+jwt', null, 7]) }),
  (header, dice) => ({
    ...header,
    [dice.of(['crit', 'jku', 'jwk', 'x5u', 'b64', 'zip', 'enc'])]: dice.of([[], ['exp'], ['b64'], {}, 'x', false]),
  }),
  ({ kid, ...header }) => header,
  ({ alg, ...header }) => header,
];

function changeJson(text: string, dice: Dice, changes: readonly JsonChange[]): string {
  try {
    return JSON.stringify(dice.of(changes)(JSON.parse(text), dice));
  } catch {
    return text;
  }
}

function withSegment(token: string, index: number, change: (text: string) => string): string {
  const segments = token.split('.');
  segments[index] = encoded(change(decoded(segments[index] ?? '')));
  return segments.join('.');
}

function replaceAt(token: string, at: number, character: string): string {
  return token.slice(0, at) + character + token.slice(at + 1);
}

function insertAt(token: string, at: number, character: string): string {
  return token.slice(0, at) + character + token.slice(at);
}

function signed(header: string, payload: string, key = signingKey): string {
  return `${header}.${payload}.${createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url')}`;
}

function signatureOf(token: string): Buffer {
  return Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function decoded(segment: string): string {
  return Buffer.from(segment, 'base64url').toString();
}

/** Random choices, the same for the same seed. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}
