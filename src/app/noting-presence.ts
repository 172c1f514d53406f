/** Presence as the gateway of this process tells it, with somebody who hears of each connection. See app.ts. */
import type { OnlineConnection, Presence } from '../presence/presence.ts';

/** @param here is kept to what is open of this process */
export function notingPresence(
  presence: Presence,
  here: Set<OnlineConnection>,
  note: (connection: OnlineConnection) => void,
): Presence {
  return {
    opened: (connection) => {
      const isFound = presence.opened(connection);
      here.add(connection);
      note(connection);
      return isFound;
    },
    closed: (connection) => {
      presence.closed(connection);
      here.delete(connection);
      note(connection);
    },
    changed: (connection) => presence.changed(connection),
    platformsOf: (userIDs) => presence.platformsOf(userIDs),
    connectionsOf: (userIDs) => presence.connectionsOf(userIDs),
    watch: (userIDs) => presence.watch(userIDs),
    unwatch: (userIDs) => presence.unwatch(userIDs),
    onChange: (listener) => presence.onChange(listener),
    onNeighbours: (listener) => presence.onNeighbours(listener),
  };
}
