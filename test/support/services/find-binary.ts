/** Finds the programs that tests need: on PATH first, then where Debian keeps those it leaves off PATH. */
import { accessSync, constants, globSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Absolute path of the first of `names` that can be run, or undefined. Links are not followed: some programs choose
 * what they do by the name they were called by (Debian's redis-server is a link to redis-check-rdb).
 *
 * @param names alternatives in order of preference, such as `['chromium', 'google-chrome']`
 * @param places glob patterns of directories to search after PATH; of several matches the highest version wins
 */
export function findBinary(names: readonly string[], places: readonly string[] = []): string | undefined {
  const directories = [...pathDirectories(), ...places.flatMap(newestFirst)];
  const candidates = names.flatMap((name) => directories.map((directory) => join(directory, name)));
  return candidates.find(isExecutable);
}

function pathDirectories(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
}

function newestFirst(pattern: string): string[] {
  return globSync(pattern).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
