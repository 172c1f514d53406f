/** What the files domain is about: objects, the blobs behind them, and uploads (objects chapter, 1.2). */

/** A name under which a blob is found. Several may name one blob. */
export interface StoredObject {
  readonly name: string;
  /** Of the store that has the blob. */
  readonly engine: string;
  readonly blobKey: string;
  /** In bytes. */
  readonly size: number;
  /** As the uploader said it. */
  readonly contentType: string;
  /** The upload's `cause`, by which files are collected. */
  readonly group: string;
  /** Who uploaded it, by whom quotas go. */
  readonly ownerUserID: string;
  /** Unix ms. */
  readonly createdAt: number;
}

/** What an object is to be. */
export type ObjectDescription = Pick<StoredObject, 'name' | 'contentType' | 'group'>;

export interface Blob {
  readonly key: string;
  readonly engine: string;
  /** The MD5 of the MD5s of its parts; empty where nobody has said it. */
  readonly hash: string;
  /** In bytes. */
  readonly size: number;
  /** Unix ms. */
  readonly createdAt: number;
}

/** Content that is on its way to its blob. */
export interface Upload {
  /** Random; all that a client knows of it. */
  readonly id: string;
  /** Random; signs what may be sent for it. Never leaves the server. */
  readonly secret: string;
  readonly kind: 'parts' | 'form';
  readonly userID: string;
  readonly name: string;
  readonly hash: string;
  /** In bytes. */
  readonly size: number;
  /** In bytes; all parts but the last have it. */
  readonly partSize: number;
  readonly contentType: string;
  readonly group: string;
  /** Where its content will be; no other upload has the same. */
  readonly blobKey: string;
  readonly engine: string;
  /** What the engine itself calls it; empty where it has no name for it. */
  readonly engineRef: string;
  /** The name of the object that it became; empty until it is complete. */
  readonly completedAs: string;
  /** Unix ms. */
  readonly createdAt: number;
  /** Unix ms, exclusive. */
  readonly expiresAt: number;
}

export function partsOf({ size, partSize }: Pick<Upload, 'size' | 'partSize'>): number {
  return Math.max(1, Math.ceil(size / partSize));
}

/** In bytes. @param partNumber from 1 to {@link partsOf} */
export function sizeOfPart(upload: Pick<Upload, 'size' | 'partSize'>, partNumber: number): number {
  return Math.min(upload.partSize, upload.size - (partNumber - 1) * upload.partSize);
}
