/** A token's value in Redis, as scripts/token-records.lua describes it. The key says whose it is and when it ends. */
import { StoreFault } from '../../tokens/store-outage.ts';
import type { TokenKey, TokenRecord, TokenState } from '../../tokens/token-store.ts';

export const stateLetters: Readonly<Record<TokenState, string>> = {
  live: 'l',
  superseded: 's',
  kicked: 'k',
  revoked: 'r',
};
const states = new Map(Object.entries(stateLetters).map(([state, letter]) => [letter, state as TokenState]));

/** @throws if the value is not one that the scripts write: a fault of the store, not a fact about the token (T5). */
export function parseToken({ userID, jti, expiresAt }: TokenKey, value: string): TokenRecord {
  const [head = '', , acceptedUntil, reason = '', lastSeen, deviceName = ''] = value.split('|');
  const state = states.get(head.slice(0, 1));
  const platformID = Number.parseInt(head.slice(1, 2), 36);
  const issuedAt = Number.parseInt(head.slice(2), 36);
  if (state === undefined || !Number.isInteger(platformID + issuedAt)) {
    throw new StoreFault('unreadable token record in redis');
  }
  return {
    jti,
    userID,
    platformID,
    state,
    reason: reason as TokenRecord['reason'],
    issuedAt,
    expiresAt,
    acceptedUntil: Number(acceptedUntil ?? 0),
    lastSeenAt: Number.parseInt(lastSeen || '0', 36),
    deviceName: decodeURIComponent(deviceName),
  };
}

/** Of a fresh token or one that is taken in; its order is the instant of its issue. */
export function formatToken(record: TokenRecord): string {
  const { state, platformID, issuedAt, acceptedUntil, reason, lastSeenAt, deviceName } = record;
  const head = stateLetters[state] + platformID.toString(36) + issuedAt.toString(36);
  const fields = [
    '',
    acceptedUntil === 0 ? '' : acceptedUntil,
    reason,
    lastSeenAt === 0 ? '' : lastSeenAt.toString(36),
    encodeURIComponent(deviceName),
  ];
  return [head, ...fields].join('|').replace(/(?<!\|)\|+$/, '');
}

/** Rises with every issue to one user. */
export function issueOrderOf(value: string): number {
  const [head = '', order = ''] = value.split('|', 2);
  return order === '' ? Number.parseInt(head.slice(2), 36) : Number(order);
}
