/** Who may read a file that holds secrets. */
import { statSync } from 'node:fs';

/**
 * @returns what is wrong with the mode of the file, with what mends it; undefined if nothing is, if there is no such
 *   file, or on Windows, which has no such modes
 */
export function exposure(path: string): string | undefined {
  const stats = process.platform === 'win32' ? undefined : statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  // Of a file that somebody else owns, such as one that a container was handed, the group may be our only way in.
  const forbidden = stats.uid === process.geteuid?.() ? 0o077 : 0o037;
  if ((stats.mode & forbidden) === 0) return undefined;
  return `holds secrets, and others on this machine may use it (mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')}): chmod 600 ${path}`;
}
