/** Files: names of objects, the blobs behind them, and uploads under way. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  const run = (statement: string) => sql.raw(statement).execute(db);
  // unused_since: 0 while a record names it; doomed_at: not 0 once it is about to be deleted and may be named no more.
  await run(`CREATE TABLE blobs (
    blob_key ${text} NOT NULL PRIMARY KEY,
    engine ${text} NOT NULL,
    hash ${text} NOT NULL,
    size bigint NOT NULL,
    created_at bigint NOT NULL,
    unused_since bigint NOT NULL,
    doomed_at bigint NOT NULL
  ) ${clustered}`);
  await run('CREATE INDEX blobs_by_hash ON blobs (hash, size)');
  await run('CREATE INDEX blobs_unused ON blobs (unused_since) WHERE unused_since > 0');
  await run(`CREATE TABLE objects (
    name ${text} NOT NULL PRIMARY KEY,
    engine ${text} NOT NULL,
    blob_key ${text} NOT NULL,
    size bigint NOT NULL,
    content_type text NOT NULL,
    object_group ${text} NOT NULL,
    owner_user_id ${text} NOT NULL,
    created_at bigint NOT NULL
  ) ${clustered}`);
  await run('CREATE INDEX objects_by_blob ON objects (blob_key)');
  await run('CREATE INDEX objects_by_owner ON objects (owner_user_id, size)');
  await run('CREATE INDEX objects_by_age ON objects (object_group, created_at)');
  await run(`CREATE TABLE uploads (
    id ${text} NOT NULL PRIMARY KEY,
    secret text NOT NULL,
    user_id ${text} NOT NULL,
    name text NOT NULL,
    hash text NOT NULL,
    size bigint NOT NULL,
    part_size bigint NOT NULL,
    content_type text NOT NULL,
    object_group text NOT NULL,
    blob_key text NOT NULL,
    engine text NOT NULL,
    engine_ref text NOT NULL,
    kind text NOT NULL,
    completed_as text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
  ) ${clustered}`);
  await run('CREATE INDEX uploads_by_user ON uploads (user_id, created_at)');
  await run('CREATE INDEX uploads_by_end ON uploads (expires_at)');
}
