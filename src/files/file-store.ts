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
  /** @returns the name under which it is complete: `name`, unless it was complete already */
  completeUpload(tx: Transaction, id: string, name: string): Promise<string | undefined>;

  /** Nobody else judges the user's usage until the transaction ends. Times are Unix ms. */
  usage(tx: Transaction, userID: string, now: number, since: number): Promise<FileUsage>;
}
