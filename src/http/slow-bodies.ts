/**
 * Connections whose request may take longer to arrive than Node allows for: bodies of files, whose readers have bounds of
 * their own. Node asks once for each request.
 */
import type { Duplex } from 'node:stream';

const slow = new WeakSet<Duplex>();

export function markSlow(socket: Duplex): void {
  slow.add(socket);
}

export function isSlow(socket: Duplex): boolean {
  return slow.delete(socket);
}
