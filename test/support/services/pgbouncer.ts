/** A pooler between the server and PostgreSQL, as many hosters put one there. */
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type Program, requireProgram } from './program.ts';
import { type Place, type Service, type ServiceKind, startService } from './service.ts';
import { type Account, unprivilegedAccount } from './unprivileged-account.ts';

export const pgbouncerProgram: Program = {
  id: 'pgbouncer',
  title: 'PgBouncer',
  purpose: 'PostgreSQL behind a pooler',
  binaries: ['pgbouncer'],
  places: ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'],
  debianPackage: 'pgbouncer',
  homebrewPackage: 'pgbouncer',
};

export interface PgbouncerOptions {
  readonly mode: 'session' | 'transaction';
  /** Of PostgreSQL's database; its user needs no password. */
  readonly url: string;
}

/** Starts one with the settings that it has by itself, on a database whose server trusts the machine. */
export async function startPgbouncer(options: PgbouncerOptions): Promise<Service> {
  const binary = requireProgram(pgbouncerProgram);
  return startService(pgbouncerKind(binary, options, await unprivilegedAccount(['postgres', 'nobody'])));
}

function pgbouncerKind(
  binary: string,
  { mode, url: target }: PgbouncerOptions,
  account: Account | undefined,
): ServiceKind {
  const { hostname, port: targetPort, username, pathname } = new URL(target);
  const database = pathname.slice(1);
  const url = ({ port }: Place) => `postgres://${username}@127.0.0.1:${port}/${database}`;
  const settingsPath = ({ directory }: Place) => join(directory, 'pgbouncer.ini');
  return {
    name: 'pgbouncer',
    url,
    async prepare(place) {
      const settings = [
        '[databases]',
        `${database} = host=${hostname} port=${targetPort} dbname=${database} user=${username}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${place.port}`,
        'auth_type = any',
        'unix_socket_dir =',
        `pool_mode = ${mode}`,
      ];
      await writeFile(settingsPath(place), settings.join('\n'));
      if (account !== undefined) await chown(place.directory, account.uid, account.gid);
    },
    command: (place) => ({ ...account, file: binary, args: [settingsPath(place)] }),
    async isReady(place) {
      const client = new pg.Client({ connectionString: url(place), connectionTimeoutMillis: 2000 });
      client.on('error', () => {}); // a connection cut while it starts is a no, which connect or query also reports
      try {
        await client.connect();
        await client.query('SELECT 1');
        return true;
      } finally {
        await client.end();
      }
    },
    stopSignal: 'SIGINT',
    quitSignal: 'SIGTERM',
    leftovers: /Address already in use/,
  };
}
