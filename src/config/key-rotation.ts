/**
 * The life of a signing key, as changes of the list that signing-keys.json holds. A key is prepared (it only verifies
 * yet), then signs, then verifies what it has signed, and is retired when no token of its own can be live any more.
 */
import { keyID } from '../protocol/key-id.ts';

export type KeyState = 'prepared' | 'signing' | 'verifying';

interface KeyLife {
  readonly state: KeyState;
  /** When that state began, Unix ms. Absent: not known, as for the admin secret that has signed from the first start. */
  readonly since?: number;
  /** Of a verifying key: when the last token that it signed ends, Unix ms, by the settings of when it stopped signing. */
  readonly tokensEndAt?: number;
}

/** A key of the list's own. */
export interface OwnKey extends KeyLife {
  readonly kid: string;
  readonly secret: string;
  /** Unix ms. */
  readonly createdAt?: number;
}

/** What the admin secret stands for as a signing key: see AdminKeys. Referred to, never copied. */
export interface AdminSecretKey extends KeyLife {
  readonly from: 'admin secret';
}

export type StoredKey = OwnKey | AdminSecretKey;

/** The one that signs comes first; no other does. */
export type KeyList = readonly [StoredKey, ...StoredKey[]];

/** What a command names the admin secret's key by, beside its kid. */
const adminSecretName = 'admin-secret';

/** Without a list of its own a deployment signs with what its admin secret stands for. */
export const initialKeys: KeyList = [{ from: 'admin secret', state: 'signing' }];

/** When it is, and what has to be known to say when tokens end. */
export interface RotationTime {
  /** Unix ms. */
  readonly now: number;
  /** The longest lifetime that a token can be given. */
  readonly longestTtlMs: number;
}

/** What was asked for would end live tokens, or cannot be done; the message says why, and what can be. */
export class KeyRefusal extends Error {
  override name = 'KeyRefusal';
}

/**
 * A key that verifies from now on and signs when it is promoted.
 * @throws KeyRefusal if another key has the same kid, which then could not be told from it
 */
export function addPrepared(keys: KeyList, secret: string, { now }: RotationTime): KeyList {
  const [signing, ...others] = keys;
  const kid = keyID(secret);
  if (keys.some((key) => 'kid' in key && key.kid === kid)) throw new KeyRefusal(`there is a key ${kid} already`);
  return [signing, { kid, state: 'prepared', since: now, createdAt: now, secret }, ...others];
}

/**
 * Makes a key sign; the one that signed goes on verifying.
 * @param name its kid, or `admin-secret`
 * @param adminKey the key that the admin secret signs with; undefined if the secret is not known here
 * @throws KeyRefusal if there is no such key, or if it signs already
 */
export function promote(keys: KeyList, name: string, adminKey: string | undefined, time: RotationTime): KeyList {
  const [signing, ...others] = keys;
  const chosen = findKey(keys, name, adminKey);
  if (chosen === signing) throw new KeyRefusal(`${name} signs already`);
  return [
    { ...chosen, state: 'signing', since: time.now },
    stopSigning(signing, time),
    ...others.filter((key) => key !== chosen),
  ];
}

/**
 * Takes a key out of the list.
 * @param name its kid, or `admin-secret`
 * @param isForced also if tokens that it signed may be live
 * @throws KeyRefusal if there is no such key, if it signs, or if it is too early
 */
export function retire(
  keys: KeyList,
  name: string,
  adminKey: string | undefined,
  { isForced, ...time }: RotationTime & { readonly isForced: boolean },
): KeyList {
  const [signing, ...others] = keys;
  const chosen = findKey(keys, name, adminKey);
  if (chosen === signing) throw new KeyRefusal(`${name} signs; let another key sign first: tessera keys rotate`);
  if (!isForced) requireUnused(chosen, name, time);
  return [signing, ...others.filter((key) => key !== chosen)];
}

/**
 * From when on no live token can have been signed by the key, Unix ms; undefined if that is not known, or if it signs.
 * A later shortening of the lifetimes does not move it forward, since tokens keep theirs.
 */
export function retirableAt(key: StoredKey, { longestTtlMs }: Pick<RotationTime, 'longestTtlMs'>): number | undefined {
  switch (key.state) {
    case 'signing':
      return undefined;
    case 'prepared':
      return key.since ?? 0;
    case 'verifying':
      return key.since === undefined ? undefined : Math.max(lastEnd(key.since, longestTtlMs), key.tokensEndAt ?? 0);
  }
}

/** @returns undefined for the admin secret's key if the secret is not known here */
export function kidOf(key: StoredKey, adminKey: string | undefined): string | undefined {
  if ('kid' in key) return key.kid;
  return adminKey === undefined ? undefined : keyID(adminKey);
}

/** How long after a rotation a running server may still sign with the old key, before it has noticed. */
const noticedWithinMs = 60_000;

function stopSigning(key: StoredKey, { now, longestTtlMs }: RotationTime): StoredKey {
  const tokensEndAt = Math.max(lastEnd(now, longestTtlMs), key.tokensEndAt ?? 0);
  return { ...key, state: 'verifying', since: now, tokensEndAt };
}

function lastEnd(stoppedSigningAt: number, longestTtlMs: number): number {
  return stoppedSigningAt + noticedWithinMs + longestTtlMs;
}

function findKey(keys: KeyList, name: string, adminKey: string | undefined): StoredKey {
  const isNamed = (key: StoredKey) => kidOf(key, adminKey) === name || ('from' in key && name === adminSecretName);
  const found = keys.find(isNamed);
  if (found === undefined) throw new KeyRefusal(`there is no key ${name}; tessera keys list shows them`);
  return found;
}

function requireUnused(key: StoredKey, name: string, time: RotationTime): void {
  const from = retirableAt(key, time);
  if (from !== undefined && time.now >= from) return;
  const until = from === undefined ? 'for an unknown time' : `until ${new Date(from).toISOString()}`;
  throw new KeyRefusal(
    `tokens signed with ${name} may be live ${until}; --force retires it all the same, and logs their users out`,
  );
}
