/**
 * The admin that commands such as `tessera token` act as. An account of its own, because an admin has one live token:
 * looking something up must not supersede that of a back end.
 */
import { platforms } from '../protocol/numbers/platforms.ts';
import type { TokenClaims } from './claims.ts';

export const operatorUserID = 'tesseraOperator';

/**
 * Whether a token makes its owner an admin. The operator's name was anybody's to register before there was one: only a
 * token that get_admin_token gave makes the operator.
 */
export function isAdminToken(
  { userID, platformID, isOurs }: Pick<TokenClaims, 'userID' | 'platformID' | 'isOurs'>,
  adminUserIDs: ReadonlySet<string>,
): boolean {
  if (!adminUserIDs.has(userID)) return false;
  return userID !== operatorUserID || (platformID === platforms.Admin && isOurs);
}
