/** Files, composed. Part of the composition root; see app.ts. */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { DirectoryBlobStore } from '../blobs/directory-blob-store.ts';
import type { S3BlobStore } from '../blobs/s3-blob-store.ts';
import { SharpPictureScaler } from '../blobs/sharp-picture-scaler.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { BlobStore } from '../files/blob-store.ts';
import { BodySlots } from '../files/body-slots.ts';
import type { FileObserver } from '../files/file-observer.ts';
import type { FileCollectionStore } from '../files/file-store.ts';
import { FormUploads } from '../files/form-uploads.ts';
import { Objects } from '../files/objects.ts';
import { PartReceiver } from '../files/part-receiver.ts';
import { Thumbnails } from '../files/thumbnails.ts';
import { Uploads } from '../files/uploads.ts';
import { WatchedBlobs, watchedSink } from '../files/watched-blobs.ts';
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
export async function openFiles({ config, clock, logger, metrics }: Ground, db: Database): Promise<Files> {
  await requireResolvable('TESSERA_PUBLIC_URL', config.publicUrl);
  await requireResolvable('TESSERA_S3_PUBLIC_ENDPOINT', config.s3PublicEndpoint);
  const engine = await openBlobs(config, clock);
  const isAlone = config.databaseUrl === '' || config.redisUrl === '';
  const offBecause =
    engine instanceof DirectoryBlobStore && !isAlone && !config.filesDirShared
      ? 'files are off: TESSERA_S3_ENDPOINT, or TESSERA_FILES_DIR_SHARED of a directory that all servers share'
      : '';
  if (offBecause !== '') logger.warn(offBecause);
  const observer: FileObserver = {
    uploaded: (content) => metrics.fileUploads.inc({ content }),
    received: (bytes) => metrics.fileBytes.inc({ direction: 'in' }, bytes),
    served: (kind, bytes) => {
      metrics.fileDownloads.inc({ kind });
      metrics.fileBytes.inc({ direction: 'out' }, bytes);
    },
    storeFailed: (operation) => metrics.fileStoreFailures.inc({ operation }),
  };
  const blobs = new WatchedBlobs(engine, observer);
  const store = new SqlFileStore(db);
  const scaler = new SharpPictureScaler({
    maxThumbnailPixels: config.maxThumbnailPixels,
    onUnavailable: (error) => logger.warn({ err: error }, 'no thumbnails, only originals: sharp does not load'),
  });
  const thumbnails = new Thumbnails({ blobs, scaler, limits: config, observer, now: clock });
  const shared = { store, blobs, unitOfWork: db, limits: config, now: clock, randomBytes, observer, offBecause };
  const services = {
    uploads: new Uploads(shared),
    formUploads: new FormUploads(shared),
    objects: new Objects({ ...shared, thumbnails }),
    partReceiver:
      engine instanceof DirectoryBlobStore
        ? new PartReceiver({
            ...{ store, sink: watchedSink(engine, observer), slots: new BodySlots(config), observer },
            now: clock,
          })
        : undefined,
  };
  return { services, store, blobs };
}

/** Where content is; also for commands. @throws StartError */
export async function openBlobs(
  config: BlobConfig,
  now: () => number = Date.now,
): Promise<DirectoryBlobStore | S3BlobStore> {
  const { filesDir, dataDir, s3Endpoint: endpoint } = config;
  if (endpoint === '') {
    const path = filesDir === '' ? join(dataDir, 'files') : filesDir;
    return opening('TESSERA_FILES_DIR: cannot use the directory', DirectoryBlobStore.open(path));
  }
  const s3 = await import('../blobs/s3-blob-store.ts');
  const store = s3.S3BlobStore.open({
    endpoint,
    publicEndpoint: config.s3PublicEndpoint === '' ? endpoint : config.s3PublicEndpoint,
    region: config.s3Region,
    bucket: config.s3Bucket,
    accessKeyID: config.s3AccessKeyID,
    secretAccessKey: config.s3SecretAccessKey,
    timeoutMs: storeTimeoutMs,
    now,
  });
  return opening(`TESSERA_S3_ENDPOINT: cannot use the store at ${endpoint}`, store);
}

type BlobConfig = Pick<
  Config,
  | 'filesDir'
  | 'dataDir'
  | 's3Endpoint'
  | 's3PublicEndpoint'
  | 's3Region'
  | 's3Bucket'
  | 's3AccessKeyID'
  | 's3SecretAccessKey'
>;

/** Clients wait for ten seconds. */
const storeTimeoutMs = 8000;

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
