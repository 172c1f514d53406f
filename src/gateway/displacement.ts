/** The login policy at connect time: a new connection ends older ones on the platforms it competes with (7.2). */
import type { OnlineConnection } from '../presence/presence.ts';
import type { PlatformID } from '../protocol/numbers/platforms.ts';
import type { TokenAuthority } from '../tokens/authority.ts';
import type { Session as TokenSession } from '../tokens/session.ts';
import { closeReasons } from './connection/close-reason.ts';
import type { Session } from './connection/session.ts';
import type { Hub } from './hub.ts';

/**
 * Ends the user's other connections that the policy leaves no room for, and their tokens. Connections with the same
 * token stay: that is a client that reconnects. Of two new connections the one that was added to the hub later wins.
 * Superseded tokens have no part in it: a client that has renewed its token comes back with the new one, and must not
 * be told that it has been kicked.
 *
 * Tokens are marked first, so that a displaced client that comes back at once is refused and cannot displace in turn;
 * the authority's event kicks the sockets. Rejects if tokens could not be marked; the sockets are ended all the same.
 */
export async function displaceOthers(
  hub: Hub,
  authority: Pick<TokenAuthority, 'displacedPlatforms' | 'displace'>,
  session: Session,
  token: TokenSession,
): Promise<void> {
  if (session.isSuperseded) return;
  const platforms = authority.displacedPlatforms(token.platformID) as readonly number[];
  const displaced = [...hub.sessionsOf(session.userID)].filter(
    (other) => other.jti !== session.jti && !other.isSuperseded && platforms.includes(other.platformID),
  );
  if (displaced.length === 0) return;
  try {
    await authority.displace(token, [...new Set(displaced.map(({ jti }) => jti))]);
  } finally {
    for (const other of displaced) other.end(closeReasons.kicked);
  }
}

/**
 * The same for connections on other nodes that were opened before this one. Their nodes hear of the end of their tokens,
 * and kick them. @param older of the user
 */
export async function displaceElsewhere(
  authority: Pick<TokenAuthority, 'displacedPlatforms' | 'displaceElsewhere'>,
  session: Session,
  older: readonly OnlineConnection[],
): Promise<void> {
  if (session.isSuperseded) return;
  const platforms = authority.displacedPlatforms(session.platformID as PlatformID) as readonly number[];
  const displaced = older.filter(({ jti, platformID }) => jti !== session.jti && platforms.includes(platformID));
  if (displaced.length > 0) await authority.displaceElsewhere(session, [...new Set(displaced.map(({ jti }) => jti))]);
}
