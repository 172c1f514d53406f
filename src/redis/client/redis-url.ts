/**
 * What a Redis URL means: one server, a master found through Sentinel, or a Cluster. A URL holds credentials, so no
 * message here repeats any part of one.
 */
import { isIPv6 } from 'node:net';
import { decodeUrlPart, encodedCharacters, failUrl, splitStoreUrl } from '../../kernel/store-url.ts';

/** host:port, an IPv6 host without its brackets. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** How a connection introduces itself. Without a password it does not. */
export interface RedisCredentials {
  /** Undefined: Redis's default user. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

interface Common {
  readonly usesTls: boolean;
  readonly credentials: RedisCredentials;
}

export type RedisTarget =
  | (Common & { readonly kind: 'single'; readonly address: RedisAddress; readonly database: number })
  | (Common & {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      readonly sentinelCredentials: RedisCredentials;
      readonly masterName: string;
      readonly database: number;
    })
  | (Common & { readonly kind: 'cluster'; readonly seeds: readonly RedisAddress[] });

/**
 * Takes `redis://[user:password@]host[:port][/database]`, `redis+sentinel://[user:password@]host[:port],.../master
 * name[/database]` with `?sentinelUsername=...&sentinelPassword=...`, and `redis+cluster://[user:password@]host[:port],
 * ...`; `rediss` instead of `redis` for TLS.
 * @throws StoreUrlError
 */
export function parseRedisUrl(url: string): RedisTarget {
  const { scheme, userinfo, hosts, path, query } = splitStoreUrl(url, schemes, start);
  const common = { usesTls: scheme.startsWith('rediss'), credentials: parseUserinfo(userinfo) };
  switch (scheme.replace(/^rediss?/, '')) {
    case '': {
      if (hosts.includes(',')) failUrl('name one server; several take redis+sentinel:// or redis+cluster://');
      refuseQuery(query);
      return { kind: 'single', ...common, address: parseHost(hosts, 6379), database: parseDatabase(path) };
    }
    case '+sentinel': {
      const [masterName = '', ...database] = path.split('/');
      if (masterName === '') failUrl('name the master after the Sentinels, as in redis+sentinel://host:26379/mymaster');
      return {
        kind: 'sentinel',
        ...common,
        sentinels: parseHosts(hosts, 26_379),
        sentinelCredentials: parseSentinelQuery(query),
        masterName: decodeUrlPart(masterName),
        database: parseDatabase(database.join('/')),
      };
    }
    default: {
      if (path !== '' && path !== '0') failUrl('name no database: a Cluster has only number 0');
      refuseQuery(query);
      return { kind: 'cluster', ...common, seeds: parseHosts(hosts, 6379) };
    }
  }
}

const schemes = ['redis', 'rediss'].flatMap((name) => [name, `${name}+sentinel`, `${name}+cluster`]);
const start = 'redis://, redis+sentinel:// or redis+cluster:// (rediss for TLS)';

/** As Redis and people write it. */
export function formatAddress({ host, port }: RedisAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseUserinfo(userinfo: string | undefined): RedisCredentials {
  if (userinfo === undefined) return { username: undefined, password: undefined };
  const colon = userinfo.indexOf(':');
  if (colon < 0) failUrl('give a password with the user (user:password@), or a password alone (:password@)');
  return credentials(decodeUrlPart(userinfo.slice(0, colon)), decodeUrlPart(userinfo.slice(colon + 1)));
}

function parseSentinelQuery(query: string | undefined): RedisCredentials {
  const names = { sentinelUsername: '', sentinelPassword: '' };
  for (const pair of query === undefined ? [] : query.split('&')) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    if (!Object.hasOwn(names, name)) failUrl('have no parameters but sentinelUsername and sentinelPassword');
    names[name as keyof typeof names] = decodeUrlPart(value);
  }
  return credentials(names.sentinelUsername, names.sentinelPassword);
}

function credentials(username: string, password: string): RedisCredentials {
  if (username !== '' && password === '') failUrl('give a password with the user');
  return { username: username || undefined, password: password || undefined };
}

function refuseQuery(query: string | undefined): void {
  if (query !== undefined) failUrl('have no parameters; a ? in a password is written %3F');
}

function parseHosts(list: string, defaultPort: number): RedisAddress[] {
  return list.split(',').map((host) => parseHost(host, defaultPort));
}

function parseHost(text: string, defaultPort: number): RedisAddress {
  const match = /^(?:\[([^\]]*)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) failUrl(`name each server as host or host:port; ${encodedCharacters}`);
  const [, bracketed, name = '', port] = match;
  if (bracketed !== undefined && !isIPv6(bracketed)) failUrl('have an IPv6 address between [ and ]');
  const address = { host: bracketed ?? name, port: port === undefined ? defaultPort : Number(port) };
  if (address.port < 1 || address.port > 65_535) failUrl('have ports from 1 to 65535');
  return address;
}

function parseDatabase(path: string): number {
  if (path === '') return 0;
  if (!/^\d{1,5}$/.test(path)) failUrl('have nothing but the number of a database there');
  return Number(path);
}
