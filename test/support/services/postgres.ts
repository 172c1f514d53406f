/** A private PostgreSQL for tests, as durable as a real one: fsync stays on. */
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Program, requireProgram } from './program.ts';
import { untilTrue } from './redis-command.ts';
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
  return start(createDatabase);
}

/** A standby of that server, which waits for it with every commit from now on. */
export async function startPostgresStandby(primary: Service): Promise<Service> {
  const standby = await start(copyOf(primary));
  try {
    await execute(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await execute(primary.url, 'SELECT pg_reload_conf()');
    await untilTrue('every commit waits for the standby', async () => {
      const [row] = await execute(primary.url, 'SELECT sync_state FROM pg_stat_replication');
      return row?.sync_state === 'sync';
    });
    return standby;
  } catch (error) {
    await standby.stop();
    throw error;
  }
}

/** Makes a standby a server of its own, which takes changes; resolves when it does. */
export async function promotePostgres(standby: Service): Promise<void> {
  await execute(standby.url, 'SELECT pg_promote()');
}

type Create = (place: Place, run: (program: string, args: readonly string[]) => Promise<unknown>) => Promise<unknown>;

const createDatabase: Create = (place, run) =>
  run('initdb', ['-D', dataDirectory(place), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);

/** With what it needs to follow. */
function copyOf({ port }: Service): Create {
  const source = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
  return (place, run) => run('pg_basebackup', [...source, '-D', dataDirectory(place), '-R', '-c', 'fast', '--no-sync']);
}

async function start(create: Create): Promise<Service> {
  const binaries = dirname(realpathSync(requireProgram(postgresProgram)));
  return startService(postgresKind(binaries, await unprivilegedAccount(['postgres', 'nobody']), create));
}

const dataDirectory = ({ directory }: Pick<Place, 'directory'>) => join(directory, 'data');

function postgresKind(binaries: string, account: Account | undefined, create: Create): ServiceKind {
  const url = ({ port }: Place) => `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    name: 'postgres',
    url,
    async prepare(place) {
      if (account !== undefined) await chown(place.directory, account.uid, account.gid);
      await create(place, (program, args) =>
        promisify(execFile)(join(binaries, program), args, {
          ...account,
          cwd: place.directory,
          env: serviceEnvironment(place.directory),
        }),
      );
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

async function execute(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
