/** Files, composed. Part of the composition root; see app.ts. */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { DirectoryBlobStore } from '../blobs/directory-blob-store.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { BlobStore } from '../files/blob-store.ts';
import { BodySlots } from '../files/body-slots.ts';
import type { FileCollectionStore } from '../files/file-store.ts';
import { FormUploads } from '../files/form-uploads.ts';
import { Objects } from '../files/objects.ts';
import { PartReceiver } from '../files/part-receiver.ts';
import { Uploads } from '../files/uploads.ts';
import type { Services } from '../http/services.ts';
import { opening, StartError } from '../kernel/start-error.ts';
import { SqlFileStore } from '../store/sql-file-store.ts';
import type { Ground } from './ground.ts';

export interface Files {
  readonly services: Pick<Services, 'uploads' | 'formUploads' | 'objects' | 'partReceiver'>;
  readonly store: FileCollectionStore;
  readonly blobs: BlobStore;
}

/** @throws StartError naming the setting that does not work */
export async function openFiles({ config, clock }: Ground, db: Database): Promise<Files> {
  await requireResolvable('TESSERA_PUBLIC_URL', config.publicUrl);
  const blobs = await openDirectory(config);
  const store = new SqlFileStore(db);
  const shared = { store, blobs, unitOfWork: db, limits: config, now: clock, randomBytes };
  const services = {
    uploads: new Uploads(shared),
    formUploads: new FormUploads(shared),
    objects: new Objects(shared),
    partReceiver: new PartReceiver({ store, sink: blobs, slots: new BodySlots(config), now: clock }),
  };
  return { services, store, blobs };
}

/** Also for commands. @throws StartError */
export function openDirectory({
  filesDir,
  dataDir,
}: Pick<Config, 'filesDir' | 'dataDir'>): Promise<DirectoryBlobStore> {
  const path = filesDir === '' ? join(dataDir, 'files') : filesDir;
  return opening('TESSERA_FILES_DIR: cannot use the directory', DirectoryBlobStore.open(path));
}

/** A name that nobody has would be in every message with a file (field report F30). @throws StartError */
async function requireResolvable(setting: string, url: string): Promise<void> {
  const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '');
  if (host === undefined || isIP(host) !== 0) return;
  try {
    await lookup(host);
  } catch (error) {
    throw new StartError(`${setting}: the host ${host} is not found`, { cause: error });
  }
}
