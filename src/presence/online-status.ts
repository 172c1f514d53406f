/** What callers may learn of who is online (rest-core chapter, 7.10; for sockets: websocket.md 4, 2005). */

import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import type { OnlineConnection, OnlinePlatforms, Presence } from './presence.ts';

export interface UserStatus {
  readonly userID: string;
  readonly platformIDs: OnlinePlatforms;
}

export interface UserConnections {
  readonly userID: string;
  /** Empty if the user is offline. */
  readonly connections: readonly OnlineConnection[];
}

/** A user's connections on one platform, by the tokens that opened them. */
export interface PlatformTokens {
  readonly platformID: number;
  /** One per connection: a token with two sockets is there twice. */
  readonly jtis: readonly string[];
}

export class OnlineStatus {
  readonly #presence: Pick<Presence, 'platformsOf' | 'connectionsOf'>;

  constructor(presence: Pick<Presence, 'platformsOf' | 'connectionsOf'>) {
    this.#presence = presence;
  }

  /** In the order asked; anybody may ask about anybody. Nobody asked about, nothing answered. */
  async platforms(userIDs: readonly string[]): Promise<UserStatus[]> {
    const platforms = await this.#presence.platformsOf(userIDs);
    return userIDs.map((userID, index) => ({ userID, platformIDs: platforms[index] ?? [] }));
  }

  /** {@link platforms} for a caller who must name somebody. @throws 1001 if the list is empty */
  async statuses(userIDs: readonly string[]): Promise<UserStatus[]> {
    if (userIDs.length === 0) throw errors.args('userIDs is empty');
    return this.platforms(userIDs);
  }

  /** Every open connection of each user, in the order asked. @throws 1002 not an admin */
  async connections(call: CallContext, userIDs: readonly string[]): Promise<UserConnections[]> {
    requireAdmin(call);
    const connections = await this.#presence.connectionsOf(userIDs);
    return userIDs.map((userID, index) => ({ userID, connections: connections[index] ?? [] }));
  }

  /** The tokens behind the connections of those who are online, by platform. @throws 1002 not an admin */
  async tokens(
    call: CallContext,
    userIDs: readonly string[],
  ): Promise<{ readonly userID: string; readonly platforms: readonly PlatformTokens[] }[]> {
    const online = (await this.connections(call, userIDs)).filter(({ connections }) => connections.length > 0);
    return online.map(({ userID, connections }) => ({ userID, platforms: tokensByPlatform(connections) }));
  }

  /**
   * Subscribing over REST has no effect in the protocol, for there is no connection to push to; what is ill-formed is
   * refused. @throws 1001
   */
  async subscribeOverRest(userID: string, userIDs: readonly string[], genre: number): Promise<void> {
    requireUserID(userID);
    if (userIDs.length === 0) throw errors.args('userIDs is empty');
    if (genre !== genres.subscribe && genre !== genres.unsubscribe) throw errors.args('genre must be 1 or 2');
  }

  /** There are none, see {@link subscribeOverRest}. @throws 1001 */
  async subscriptionsOverRest(userID: string): Promise<void> {
    requireUserID(userID);
  }
}

const genres = { subscribe: 1, unsubscribe: 2 } as const;

function tokensByPlatform(connections: readonly OnlineConnection[]): PlatformTokens[] {
  return [...Map.groupBy(connections, ({ platformID }) => platformID)]
    .map(([platformID, group]) => ({ platformID, jtis: group.map(({ jti }) => jti) }))
    .sort((a, b) => a.platformID - b.platformID);
}

/** @throws 1001 */
function requireUserID(userID: string): void {
  if (userID === '') throw errors.args('userID is empty');
}
