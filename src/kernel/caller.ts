/** Who is acting, and the two access rules that domain functions are written in (rest-core chapter, section 3). */
import { errors, type ProtocolError } from '../protocol/errors.ts';

/** The owner of a verified token. */
export interface Caller {
  readonly userID: string;
  readonly platformID: number;
  /** Names the token. */
  readonly jti: string;
  /** The token's own exp, Unix ms, exclusive. */
  readonly expiresAt: number;
  /** True if the user is one of the configured admins, whatever platform the token was issued for. */
  readonly isAdmin: boolean;
}

/** What every domain function is told about the call it serves. */
export interface CallContext {
  readonly caller: Caller;
  /** Echoed to logs, and carried to the push frames that the call causes (websocket chapter, section 5). */
  readonly operationID: string;
}

/** CheckAdmin. @throws 1002 */
export function requireAdmin(context: CallContext): void {
  if (!context.caller.isAdmin) throw notAdmin(context);
}

/** 1002, as {@link requireAdmin} throws it. */
export function notAdmin({ caller }: CallContext): ProtocolError {
  return errors.noPermission(`user ${caller.userID} is not admin userID`);
}

/** CheckAccess: acting for oneself, or as an admin. @throws 1002 */
export function requireAccess({ caller }: CallContext, ownerUserID: string): void {
  if (caller.userID !== ownerUserID && !caller.isAdmin) {
    throw errors.noPermission(`user ${caller.userID} may act for no other ownerUserID`);
  }
}
