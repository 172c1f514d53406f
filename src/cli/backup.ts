/** `tessera backup`: a consistent copy of the embedded database, while the server runs or not. */
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { StartError } from '../kernel/start-error.ts';
import { type Command, configFromArgs, UsageError } from './command.ts';
import { print } from './print.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'copy the embedded database, also while the server runs',
  help: () => `Usage: tessera backup --to FILE [flags]

Writes a consistent copy of the embedded database to FILE, which must not exist; only its owner may read it. The server
may run meanwhile: what it commits until the end of the copy is in it. Keep the files secret and signing-keys.json of
the data directory with the copy.

  --to FILE  where the copy goes
  and every flag of \`tessera serve\`. With PostgreSQL it says what to run instead.
`,
  run: async (args) => {
    const { config, values } = configFromArgs(args, { to: { type: 'string' } });
    if (typeof values.to !== 'string') throw new UsageError('--to FILE is missing');
    if (config.databaseUrl !== '') {
      throw new StartError(
        `the database is PostgreSQL: pg_dump --format=custom --file=${values.to} "$TESSERA_DATABASE_URL" makes a copy`,
      );
    }
    const source = join(config.dataDir, 'tessera.db');
    if (!existsSync(source)) throw new StartError(`TESSERA_DATA_DIR: there is no database ${source}`);
    const target = resolve(values.to);
    await copyTo(target, source);
    await print(`${target}: ${(await stat(target)).size} bytes`);
    return 0;
  },
};

async function copyTo(target: string, source: string): Promise<void> {
  try {
    // Made here, and not by SQLite: it must be new, and nobody else's to read from its first byte.
    closeSync(openSync(target, 'wx', 0o600));
  } catch (error) {
    throw new StartError(`--to: cannot make the file: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    using database = new DatabaseSync(source, { readOnly: true, timeout: 5000 });
    await copyDatabase(database, target);
  } catch (error) {
    rmSync(target);
    throw new StartError(`the copy failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
