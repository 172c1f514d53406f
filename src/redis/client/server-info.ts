/** What a Redis server says of itself. */

/** Value by field, such as `uptime_in_seconds`. */
export type ServerInfo = ReadonlyMap<string, string>;

/**
 * @param ask sends a command to the server that is meant
 * @param sections of INFO
 */
export async function readInfo(
  ask: (args: readonly string[]) => Promise<unknown>,
  sections: readonly string[],
): Promise<ServerInfo> {
  // One section at a time: Redis 6.2 takes only one.
  const texts = await Promise.all(sections.map((section) => ask(['INFO', section])));
  const lines = texts.flatMap((text) => String(text).split('\r\n')).filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
