/** Where records of files are kept: a durable store that all nodes share. Whoever names a blob claims it first. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Blob, StoredObject, Upload } from './file.ts';

/** Of one user, in bytes. */
export interface FileUsage {
  /** Of all objects. */
  readonly stored: number;
  /** Uploads that are neither complete nor past their end. */
  readonly openUploads: number;
  /** Of those. */
  readonly open: number;
  /** Of all uploads begun since the time that was asked for. */
  readonly sinceThen: number;
}

export interface FileStore {
  objectNamed(name: string): Promise<StoredObject | undefined>;
  /** Nobody else gives or takes this name until the transaction ends. */
  objectWithin(tx: Transaction, name: string): Promise<StoredObject | undefined>;
  /** In place of one of the same name. A blob that no object names any more is unused from `createdAt` on. */
  putObject(tx: Transaction, object: StoredObject): Promise<void>;

  /** One with this content that is not being deleted, the newest; undefined if there is none. */
  blobWith(engine: string, hash: string, size: number): Promise<Blob | undefined>;
  /** It is in use from now on; one that is there already stays as it is. */
  addBlob(tx: Transaction, blob: Blob): Promise<void>;
  /** Keeps a blob from being deleted until the transaction ends. @returns false if it is too late for that */
  claimBlob(tx: Transaction, key: string): Promise<boolean>;

  addUpload(tx: Transaction, upload: Upload): Promise<void>;
  setEngineRef(tx: Transaction, id: string, engineRef: string): Promise<void>;
  upload(id: string): Promise<Upload | undefined>;
  removeUpload(tx: Transaction, id: string): Promise<void>;
  /** @returns the name under which it is complete: `name`, unless it was complete already */
  completeUpload(tx: Transaction, id: string, name: string): Promise<string | undefined>;

  /** Nobody else judges the user's usage until the transaction ends. Times are Unix ms. */
  usage(tx: Transaction, userID: string, now: number, since: number): Promise<FileUsage>;
}

/** For those who look after what is kept. Times are Unix ms. */
export interface FileCollectionStore extends Pick<FileStore, 'removeUpload'> {
  /** Forgets the oldest objects of a group from before `until`, at most `limit`. @returns how many */
  forgetObjects(tx: Transaction, group: string, until: number, limit: number, now: number): Promise<number>;
  /** Uploads whose end is before `until`, the oldest first. */
  endedUploads(engine: string, until: number, limit: number): Promise<readonly Upload[]>;
  /** Keys of blobs that no object has named since before `until`, and of those that are doomed. */
  unusedBlobs(engine: string, until: number, limit: number): Promise<readonly string[]>;
  /** From now on nothing may name it. @returns false if something does */
  doomBlob(tx: Transaction, key: string, now: number): Promise<boolean>;
  removeBlob(tx: Transaction, key: string): Promise<void>;
  hasBlob(key: string): Promise<boolean>;
  /** Blobs that objects name, by key, those behind `after`. */
  namedBlobs(after: string, limit: number): Promise<readonly NamedBlob[]>;
}

export interface NamedBlob {
  readonly key: string;
  readonly engine: string;
  /** In bytes, as the record says. */
  readonly size: number;
}
