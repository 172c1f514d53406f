/** Objects, blobs and uploads in SQL, for both dialects. */
import { type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { Blob, StoredObject, Upload } from '../files/file.ts';
import type { FileCollectionStore, FileStore, FileUsage, NamedBlob } from '../files/file-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { lockOwner } from './owner-lock.ts';

export class SqlFileStore implements FileStore, FileCollectionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async objectNamed(name: string): Promise<StoredObject | undefined> {
    const row = await this.#object(name);
    return row && toObject(row);
  }

  async objectWithin(tx: Transaction, name: string): Promise<StoredObject | undefined> {
    await lockOwner(this.#db, tx, 'objectNames', name);
    const row = await this.#object(name, tx);
    return row && toObject(row);
  }

  async putObject(tx: Transaction, object: StoredObject): Promise<void> {
    const before = await this.#object(object.name, tx);
    const row = fromObject(object);
    const { name: _name, ...changed } = row;
    await this.#db
      .executor(tx)
      .insertInto('objects')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doUpdateSet(changed))
      .execute();
    if (before !== undefined && before.blob_key !== object.blobKey) {
      await this.#noteUnused(tx, before.blob_key, object.createdAt);
    }
  }

  async blobWith(engine: string, hash: string, size: number): Promise<Blob | undefined> {
    const row = await this.#db.reader
      .selectFrom('blobs')
      .selectAll()
      .where('hash', '=', hash)
      .where('size', '=', size)
      .where('engine', '=', engine)
      .where('doomed_at', '=', 0)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && { key: row.blob_key, engine, hash, size, createdAt: row.created_at };
  }

  async addBlob(tx: Transaction, { key, engine, hash, size, createdAt }: Blob): Promise<void> {
    await this.#db
      .executor(tx)
      .insertInto('blobs')
      .values({ blob_key: key, engine, hash, size, created_at: createdAt, unused_since: 0, doomed_at: 0 })
      .onConflict((conflict) => conflict.column('blob_key').doNothing())
      .execute();
  }

  async claimBlob(tx: Transaction, key: string): Promise<boolean> {
    const claimed = await this.#db
      .executor(tx)
      .updateTable('blobs')
      .set({ unused_since: 0 })
      .where('blob_key', '=', key)
      .where('doomed_at', '=', 0)
      .returning('blob_key')
      .executeTakeFirst();
    return claimed !== undefined;
  }

  async addUpload(tx: Transaction, upload: Upload): Promise<void> {
    await this.#db.executor(tx).insertInto('uploads').values(fromUpload(upload)).execute();
  }

  async setEngineRef(tx: Transaction, id: string, engineRef: string): Promise<void> {
    await this.#db.executor(tx).updateTable('uploads').set({ engine_ref: engineRef }).where('id', '=', id).execute();
  }

  async upload(id: string): Promise<Upload | undefined> {
    const row = await this.#db.reader.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toUpload(row);
  }

  async completeUpload(tx: Transaction, id: string, name: string): Promise<string | undefined> {
    const executor = this.#db.executor(tx);
    const completed = await executor
      .updateTable('uploads')
      .set({ completed_as: name })
      .where('id', '=', id)
      .where('completed_as', '=', '')
      .returning('completed_as')
      .executeTakeFirst();
    if (completed !== undefined) return name;
    const earlier = await executor.selectFrom('uploads').select('completed_as').where('id', '=', id).executeTakeFirst();
    return earlier?.completed_as;
  }

  async usage(tx: Transaction, userID: string, now: number, since: number): Promise<FileUsage> {
    await lockOwner(this.#db, tx, 'files', userID);
    const executor = this.#db.executor(tx);
    const { stored } = await executor
      .selectFrom('objects')
      .select(sql<number | null>`sum(size)`.as('stored'))
      .where('owner_user_id', '=', userID)
      .executeTakeFirstOrThrow();
    const { openUploads, open } = await executor
      .selectFrom('uploads')
      .select([sql<number>`count(*)`.as('openUploads'), sql<number | null>`sum(size)`.as('open')])
      .where('user_id', '=', userID)
      // As its index has it, which a parameter would hide.
      .where(sql<boolean>`completed_as = ''`)
      .where('expires_at', '>', now)
      .executeTakeFirstOrThrow();
    const { sinceThen } = await executor
      .selectFrom('uploads')
      .select(sql<number | null>`sum(size)`.as('sinceThen'))
      .where('user_id', '=', userID)
      .where('created_at', '>', since)
      .executeTakeFirstOrThrow();
    return {
      stored: Number(stored ?? 0),
      openUploads: Number(openUploads),
      open: Number(open ?? 0),
      sinceThen: Number(sinceThen ?? 0),
    };
  }

  async forgetObjects(tx: Transaction, group: string, until: number, limit: number, now: number): Promise<number> {
    const executor = this.#db.executor(tx);
    const old = await executor
      .selectFrom('objects')
      .select(['name', 'blob_key'])
      .where('object_group', '=', group)
      .where('created_at', '<', until)
      .orderBy('created_at')
      .limit(limit)
      .execute();
    for (const { name, blob_key: key } of old) {
      // One that was just uploaded anew stays.
      await executor.deleteFrom('objects').where('name', '=', name).where('created_at', '<', until).execute();
      await this.#noteUnused(tx, key, now);
    }
    return old.length;
  }

  async endedUploads(engine: string, until: number, limit: number): Promise<readonly Upload[]> {
    const rows = await this.#db.reader
      .selectFrom('uploads')
      .selectAll()
      .where('expires_at', '<', until)
      .where('engine', '=', engine)
      .orderBy('expires_at')
      .limit(limit)
      .execute();
    return rows.map(toUpload);
  }

  async removeUpload(tx: Transaction, id: string): Promise<void> {
    await this.#db.executor(tx).deleteFrom('uploads').where('id', '=', id).execute();
  }

  async unusedBlobs(engine: string, until: number, limit: number): Promise<readonly string[]> {
    const rows = await this.#db.reader
      .selectFrom('blobs')
      .select('blob_key')
      .where('unused_since', '>', 0)
      .where('unused_since', '<', until)
      .where('engine', '=', engine)
      .orderBy('unused_since')
      .limit(limit)
      .execute();
    return rows.map((row) => row.blob_key);
  }

  async doomBlob(tx: Transaction, key: string, now: number): Promise<boolean> {
    const executor = this.#db.executor(tx);
    // Whoever names it holds this row: afterwards what they have committed is seen.
    const doomed = await executor
      .updateTable('blobs')
      .set({ doomed_at: now })
      .where('blob_key', '=', key)
      .where('unused_since', '>', 0)
      .returning('blob_key')
      .executeTakeFirst();
    if (doomed === undefined) return false;
    const named = await executor
      .selectFrom('objects')
      .select('name')
      .where('blob_key', '=', key)
      .limit(1)
      .executeTakeFirst();
    if (named === undefined) return true;
    await executor.updateTable('blobs').set({ doomed_at: 0, unused_since: 0 }).where('blob_key', '=', key).execute();
    return false;
  }

  async removeBlob(tx: Transaction, key: string): Promise<void> {
    await this.#db.executor(tx).deleteFrom('blobs').where('blob_key', '=', key).where('doomed_at', '>', 0).execute();
  }

  async hasBlob(key: string): Promise<boolean> {
    const query = this.#db.reader.selectFrom('blobs').select('blob_key').where('blob_key', '=', key);
    return (await query.executeTakeFirst()) !== undefined;
  }

  async namedBlobs(after: string, limit: number): Promise<readonly NamedBlob[]> {
    const rows = await this.#db.reader
      .selectFrom('blobs')
      .select(['blob_key', 'engine', 'size'])
      .where('blob_key', '>', after)
      .where(({ exists, selectFrom }) =>
        exists(selectFrom('objects').select('name').whereRef('objects.blob_key', '=', 'blobs.blob_key')),
      )
      .orderBy('blob_key')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ key: row.blob_key, engine: row.engine, size: row.size }));
  }

  #object(name: string, tx?: Transaction) {
    return this.#db.executor(tx).selectFrom('objects').selectAll().where('name', '=', name).executeTakeFirst();
  }

  /** Whoever deletes it looks again: another transaction may be about to name it. */
  async #noteUnused(tx: Transaction, key: string, at: number): Promise<void> {
    await this.#db
      .executor(tx)
      .updateTable('blobs')
      .set({ unused_since: at })
      .where('blob_key', '=', key)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('objects').select('name').where('blob_key', '=', key))),
      )
      .execute();
  }
}

function toObject(row: Selectable<Schema['objects']>): StoredObject {
  return {
    name: row.name,
    engine: row.engine,
    blobKey: row.blob_key,
    size: row.size,
    contentType: row.content_type,
    group: row.object_group,
    ownerUserID: row.owner_user_id,
    createdAt: row.created_at,
  };
}

function fromObject(object: StoredObject): Selectable<Schema['objects']> {
  return {
    name: object.name,
    engine: object.engine,
    blob_key: object.blobKey,
    size: object.size,
    content_type: object.contentType,
    object_group: object.group,
    owner_user_id: object.ownerUserID,
    created_at: object.createdAt,
  };
}

function toUpload(row: Selectable<Schema['uploads']>): Upload {
  return {
    id: row.id,
    secret: row.secret,
    kind: row.kind === 'form' ? 'form' : 'parts',
    userID: row.user_id,
    name: row.name,
    hash: row.hash,
    size: row.size,
    partSize: row.part_size,
    contentType: row.content_type,
    group: row.object_group,
    blobKey: row.blob_key,
    engine: row.engine,
    engineRef: row.engine_ref,
    completedAs: row.completed_as,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

function fromUpload(upload: Upload): Selectable<Schema['uploads']> {
  return {
    id: upload.id,
    secret: upload.secret,
    kind: upload.kind,
    user_id: upload.userID,
    name: upload.name,
    hash: upload.hash,
    size: upload.size,
    part_size: upload.partSize,
    content_type: upload.contentType,
    object_group: upload.group,
    blob_key: upload.blobKey,
    engine: upload.engine,
    engine_ref: upload.engineRef,
    completed_as: upload.completedAs,
    created_at: upload.createdAt,
    expires_at: upload.expiresAt,
  };
}
