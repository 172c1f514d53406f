/** A token's value in Redis, as scripts/token-records.lua describes it. The key says whose it is and when it ends. */
import type { TokenKey, TokenRecord, TokenState } from '../../tokens/token-store.ts';

export const stateLetters: Readonly<Record<TokenState, string>> = {
  live: 'l',
  superseded: 's',
  kicked: 'k',
  revoked: 'r',
};
const states = new Map(Object.entries(stateLetters).map(([state, letter]) => [letter, state as TokenState]));

/**
 * `state platform issued key|order|until|reason|seen|device|login|next|nextEnd`, without names for its groups: those
 * take ten times as long, at every look into the store. Mirrors parse of scripts/token-records.lua;
 * test/fixtures/redis-token-values.json holds the two together.
 */
const pattern =
  /^([lskr])([1-9a-z])([0-9a-z]{1,9})([A-Z][A-Za-z0-9])?(?:\|\d{0,15}(?:\|(\d{0,15})(?:\|([a-z]*)(?:\|([0-9a-z]{0,9})(?:\|([^|]*)(?:\|([0-9a-z]{0,9})(?:\|([\w:-]*)(?:\|([0-9a-z]{0,9})(?:\|.*)?)?)?)?)?)?)?)?)?$/s;

/** Undefined if the value is not one that the scripts write: a fault of the store, not a fact about the token (T5). */
export function parseToken({ userID, jti, expiresAt }: TokenKey, value: string): TokenRecord | undefined {
  const found = pattern.exec(value);
  if (found === null) return undefined;
  const [, letter = '', platform = '', issued = '', key, until, reason = '', seen, device = '', login, next, nextEnd] =
    found;
  const state = states.get(letter);
  if (state === undefined || (state === 'superseded' && !until)) return undefined;
  return {
    jti,
    userID,
    platformID: Number.parseInt(platform, 36),
    state,
    reason: reason as TokenRecord['reason'],
    issuedAt: Number.parseInt(issued, 36),
    expiresAt,
    acceptedUntil: Number(until ?? 0),
    lastSeenAt: Number.parseInt(seen || '0', 36),
    deviceName: decodeLabel(device),
    ...(key ? { keyMark: key } : {}),
    ...(login ? { loginAt: Number.parseInt(login, 36) } : {}),
    ...(next ? { successor: { jti: next, expiresAt: Number.parseInt(nextEnd || '0', 36) } } : {}),
  };
}

/** Of a fresh token or one that is taken in; its order is the instant of its issue. */
export function formatToken(record: TokenRecord): string {
  const { state, platformID, issuedAt, acceptedUntil, reason, lastSeenAt, deviceName, keyMark = '' } = record;
  const { loginAt = 0, successor } = record;
  const head = stateLetters[state] + platformID.toString(36) + issuedAt.toString(36) + keyMark;
  const fields = [
    '',
    acceptedUntil === 0 ? '' : acceptedUntil,
    reason,
    lastSeenAt === 0 ? '' : lastSeenAt.toString(36),
    encodeURIComponent(deviceName),
    loginAt === 0 ? '' : loginAt.toString(36),
    successor?.jti ?? '',
    successor?.expiresAt.toString(36) ?? '',
  ];
  return [head, ...fields].join('|').replace(/(?<!\|)\|+$/, '');
}

/** Rises with every issue to one user. */
export function issueOrderOf(value: string): number {
  const [head = '', order = ''] = value.split('|', 2);
  // What signed it stands behind the instant, and begins with a capital.
  return order === '' ? Number.parseInt(head.slice(2).replace(/[A-Z].*/, ''), 36) : Number(order);
}

/** A label that was written wrong is none, and no reason to refuse its token. */
function decodeLabel(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
