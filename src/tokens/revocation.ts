/**
 * /auth/revoke_tokens: one request that may mean a user's tokens here and now, or all that are older than an instant.
 * Whatever could be misunderstood is refused. Described in docs/tokens.md.
 */

import type { CallContext } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { platformClass, platformClasses, platformIDs } from '../protocol/numbers/platforms.ts';
import type { TokenAuthority } from './authority.ts';

export interface RevocationRequest {
  /** Empty only with `everyone`. */
  readonly userID: string;
  /** Together with those of the classes; none of either: every platform. */
  readonly platformIDs: readonly number[];
  /** Names such as `Mobile`, case ignored. */
  readonly platformClasses: readonly string[];
  /** Unix ms; 0: no instant, the tokens that there are now. */
  readonly issuedBefore: number;
  readonly everyone: boolean;
  /** Spare the token that the call is made with. */
  readonly exceptCaller: boolean;
}

/**
 * @returns how many tokens were ended; null for an instant, since those are not counted
 * @throws 1001 for a request that contradicts itself or leaves out whose tokens are meant, and what
 * {@link TokenAuthority.revokeTokens} and {@link TokenAuthority.revokeIssuedBefore} throw
 */
export async function revokeAsAsked(
  authority: Pick<TokenAuthority, 'revokeTokens' | 'revokeIssuedBefore'>,
  context: CallContext,
  request: RevocationRequest,
): Promise<number | null> {
  const { userID, issuedBefore, everyone, exceptCaller } = request;
  const platforms = new Set([...request.platformIDs, ...request.platformClasses.flatMap(platformsOf)]);
  const chosen = { userID, platformIDs: [...platforms] };
  if (everyone && userID !== '') throw errors.args('everyone and userID contradict each other');
  if (everyone && issuedBefore === 0) throw errors.args('everyone needs issuedBefore');
  if (!everyone && userID === '') throw errors.args('userID is empty');
  if (exceptCaller && issuedBefore !== 0) throw errors.args('exceptCaller and issuedBefore contradict each other');
  if (exceptCaller && userID !== context.caller.userID) {
    throw errors.args("exceptCaller goes only with the caller's own userID");
  }
  if (issuedBefore === 0) return authority.revokeTokens(context, { ...chosen, exceptCaller });
  await authority.revokeIssuedBefore(context, { ...chosen, issuedBefore });
  return null;
}

/** @throws 1001 */
function platformsOf(className: string): readonly number[] {
  const members = platformIDs.filter((id) => platformClass(id).toLowerCase() === className.toLowerCase());
  if (members.length === 0) throw errors.args(`platformClasses must each be one of ${platformClasses.join(', ')}`);
  return members;
}
