/** A private PostgreSQL for tests, as durable as a real one: fsync stays on. */
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Program, requireProgram } from './program.ts';
import { serviceEnvironment } from './running-process.ts';
import { type Place, type Service, type ServiceKind, startService } from './service.ts';
import { type Account, unprivilegedAccount } from './unprivileged-account.ts';

export const postgresProgram: Program = {
  id: 'postgres',
  title: 'PostgreSQL',
  purpose: 'the scaled-out store',
  binaries: ['postgres'],
  places: ['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin', '/opt/homebrew/opt/postgresql@*/bin'],
  debianPackage: 'postgresql',
  homebrewPackage: 'postgresql@17',
};

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '32MB',
  dynamic_shared_memory_type: 'mmap', // in the data directory, so that it goes with it after a kill
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
};

/**
 * Starts a server with one superuser, `postgres`, who needs no password. `url` leads to the empty database `postgres`.
 * PostgreSQL refuses to run as root; root runs it as the user postgres or nobody.
 */
export async function startPostgres(): Promise<Service> {
  const binaries = dirname(realpathSync(requireProgram(postgresProgram)));
  return startService(postgresKind(binaries, await unprivilegedAccount(['postgres', 'nobody'])));
}

function postgresKind(binaries: string, account: Account | undefined): ServiceKind {
  const url = ({ port }: Place) => `postgres://postgres@127.0.0.1:${port}/postgres`;
  const dataDirectory = ({ directory }: Place) => join(directory, 'data');
  return {
    name: 'postgres',
    url,
    async prepare(place) {
      if (account !== undefined) await chown(place.directory, account.uid, account.gid);
      const args = [
        '-D',
        dataDirectory(place),
        '-U',
        'postgres',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale=C',
        '--no-sync',
      ];
      await promisify(execFile)(join(binaries, 'initdb'), args, {
        ...account,
        cwd: place.directory,
        env: serviceEnvironment(place.directory),
      });
    },
    command(place) {
      const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const args = ['-D', dataDirectory(place), '-p', String(place.port), ...settings];
      return { ...account, file: join(binaries, 'postgres'), args };
    },
    async isReady(place) {
      const client = new pg.Client({ connectionString: url(place), connectionTimeoutMillis: 2000 });
      client.on('error', () => {}); // a connection cut while it starts is a no, which connect or query also reports
      try {
        await client.connect();
        const { rows } = await client.query(`select current_setting('data_directory') as directory`);
        return rows[0]?.directory === dataDirectory(place);
      } finally {
        await client.end();
      }
    },
    stopSignal: 'SIGINT', // "fast": ends sessions, writes a checkpoint
    quitSignal: 'SIGQUIT', // "immediate": no checkpoint, but its shared memory is freed
    leftovers: /shared memory block|lock file .* already exists/,
  };
}
