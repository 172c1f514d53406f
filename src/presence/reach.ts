/**
 * Which connections take pushes, and whether that is enough to do without an offline push. Protocol: websocket.md 4
 * (2004) and 5; conversations-messages.md 6.3.
 */
import { platforms } from '../protocol/numbers/platforms.ts';
import type { OnlineConnection } from './presence.ts';

type Reachable = Pick<OnlineConnection, 'platformID' | 'isBackground'>;

/** False for an iOS app in the background: the system would not let it read, so offline push has to wake it. */
export function takesPushes({ platformID, isBackground }: Reachable): boolean {
  return !(isBackground && platformID === platforms.IOS);
}

/** Whether the user's phone gets what is pushed online. If not, an offline push is due, whatever else is connected. */
export function isPhoneReached(connections: readonly Reachable[]): boolean {
  return connections.some(
    (connection) =>
      (connection.platformID === platforms.IOS || connection.platformID === platforms.Android) &&
      takesPushes(connection),
  );
}
