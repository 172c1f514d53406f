/** What a PostgreSQL URL may look like: checked with the other settings, before anything connects. */
import { decodeUrlPart, encodedCharacters, failUrl, splitStoreUrl } from '../kernel/store-url.ts';

/**
 * `postgres://[user[:password]@][host[:port]][/database][?name=value&...]`; a host may be an encoded path to a socket.
 * @throws StoreUrlError, which repeats nothing of the URL
 */
export function checkPostgresUrl(url: string): void {
  const { userinfo, hosts, path, query } = splitStoreUrl(url, ['postgres', 'postgresql'], 'postgres://');
  decodeUrlPart(userinfo ?? '');
  const match = /^(?:\[[\da-fA-F:.]+\]|[\w.-]*|%2F[\w.%-]*)(?::(\d{1,5}))?$/i.exec(hosts);
  if (match === null) failUrl(`name one server as host or host:port; ${encodedCharacters}`);
  if (Number(match[1] ?? 1) < 1 || Number(match[1] ?? 1) > 65_535) failUrl('have a port from 1 to 65535');
  if (path.includes('/')) failUrl('have nothing but the name of a database behind the host');
  decodeUrlPart(path);
  for (const pair of query === undefined ? [] : query.split('&')) {
    if (!/^\w+=/.test(pair)) failUrl(`have parameters of the form name=value behind a ?; ${encodedCharacters}`);
  }
}
