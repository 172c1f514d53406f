/** A user's connections as Redis has them: a field for each, named by lease and connection. */
import type { OnlineConnection, OnlinePlatforms } from '../../presence/presence.ts';

export interface RegisteredConnection extends OnlineConnection {
  readonly lease: string;
  /** Of two connections of a user the one with the greater number was opened later, on whichever nodes. */
  readonly registration: number;
}

/** What a later version adds goes behind the jti, after another `|`, which no jti has. */
export function formatConnection({ platformID, isBackground, jti }: OnlineConnection): string {
  return `${platformID}|${isBackground ? 1 : 0}|${jti}`;
}

/** @param flat field, value, ... of the hash; what cannot be read is left out */
export function parseConnections(userID: string, flat: readonly string[]): RegisteredConnection[] {
  const connections: RegisteredConnection[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const connection = parseConnection(userID, flat[i] ?? '', flat[i + 1] ?? '');
    if (connection !== undefined) connections.push(connection);
  }
  return connections.sort((a, b) => a.registration - b.registration);
}

/** @param field `<lease>:<connID>`  @param value `<registration>|` and as above */
function parseConnection(userID: string, field: string, value: string): RegisteredConnection | undefined {
  const end = field.indexOf(':');
  const [registration, platformID, isBackground, jti] = value.split('|');
  if (end === -1 || jti === undefined) return undefined;
  return {
    userID,
    lease: field.slice(0, end),
    connID: field.slice(end + 1),
    registration: Number(registration),
    platformID: Number(platformID),
    isBackground: isBackground === '1',
    jti,
  };
}

export function platformsIn(connections: Iterable<Pick<OnlineConnection, 'platformID'>>): OnlinePlatforms {
  return [...new Set(Array.from(connections, ({ platformID }) => platformID))].sort((a, b) => a - b);
}

export function areSame(a: OnlinePlatforms, b: OnlinePlatforms): boolean {
  return a.length === b.length && a.every((platformID, index) => platformID === b[index]);
}
