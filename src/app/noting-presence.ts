/** Presence as the gateway of this process tells it, with somebody who hears of each connection. See app.ts. */
import type { OnlineConnection, Presence } from '../presence/presence.ts';

export function notingPresence(presence: Presence, note: (connection: OnlineConnection) => void): Presence {
  return {
    opened: (connection) => {
      const isFound = presence.opened(connection);
      note(connection);
      return isFound;
    },
    closed: (connection) => {
      presence.closed(connection);
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
