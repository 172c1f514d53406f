/** What an operator wants to know of a server that has just started: the fields of its line `listening`. */
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { readVersion } from '../version.ts';

export interface Ports {
  readonly apiPort: number;
  /** 0: no gateway. */
  readonly wsPort: number;
}

/** Nothing of a secret, nor of a URL that may hold one. */
export function startReport(config: Config, { apiPort, wsPort }: Ports): Readonly<Record<string, string | number>> {
  const host = reachableHost(config.host);
  const database = config.databaseUrl === '' ? `SQLite, ${join(config.dataDir, 'tessera.db')}` : 'PostgreSQL';
  return {
    version: readVersion(),
    host: config.host,
    apiPort,
    ...(wsPort === 0 ? {} : { wsPort, gateway: `ws://${host}:${wsPort}` }),
    api: `http://${host}:${apiPort}`,
    docs: `http://${host}:${apiPort}/docs`,
    roles: config.roles.join(','),
    database,
    tokens: config.redisUrl === '' ? 'in the database' : 'Redis',
    secret: config.secret === '' ? `in ${join(config.dataDir, 'secret')}` : 'TESSERA_SECRET',
  };
}

/** A server that listens everywhere is reached on this machine by its loopback address. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
