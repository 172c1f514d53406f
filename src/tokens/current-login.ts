/** What a login is now that one of its tokens belongs to, by what the store says at this moment. */
import { errors } from '../protocol/errors.ts';
import { effectiveCutoff } from './cutoffs.ts';
import { hasEnded } from './ended-record.ts';
import { loginOf, type TokenKey, type TokenStore } from './token-store.ts';

export interface CurrentLogin {
  /** Of the token that it goes on under, after all renewals. */
  readonly jti: string;
  /** Unix ms: when it began; 0 if the store does not know. */
  readonly loginAt: number;
}

/** @throws 1506 if it has ended; the store's failure */
export async function currentLogin(
  store: Pick<TokenStore, 'find' | 'everyonesCutoffs'>,
  token: TokenKey,
): Promise<CurrentLogin> {
  const [{ record, cutoffs }, everyones] = await Promise.all([store.find(token), store.everyonesCutoffs()]);
  if (record === undefined) return { jti: token.jti, loginAt: 0 };
  const loginAt = loginOf(record);
  if (hasEnded(record) || loginAt < effectiveCutoff(record.platformID, cutoffs, everyones)) throw errors.tokenKicked();
  const { userID, jti, successor } = record;
  return successor === undefined ? { jti, loginAt } : currentLogin(store, { userID, ...successor });
}
