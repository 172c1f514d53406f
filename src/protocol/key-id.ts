/** How a token says which key signed it: the `kid` in its header (RFC 7515, 4.1.4). OpenIM's own nodes ignore it. */
import { createHash } from 'node:crypto';

/**
 * The name of a signing key: 8 hexadecimal digits of a hash, so that every node names a key alike without being told.
 * It tells an attacker nothing new: whoever has a token can already test guesses of a weak key against its signature,
 * at the same cost as against this hash.
 */
export function keyID(key: string): string {
  return createHash('sha256').update('tessera signing key id\0').update(key).digest('hex').slice(0, 8);
}
