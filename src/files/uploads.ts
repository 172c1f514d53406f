/** From a hash to an object: uploads in parts (objects chapter, 1.4 to 1.10). Their state is in the database, for all nodes. */
import { createHash } from 'node:crypto';
import type { CallContext } from '../kernel/caller.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { beginUpload } from './begin-upload.ts';
import type { BlobStore, PartLimits, PartSignatures } from './blob-store.ts';
import { type ObjectDescription, partsOf, type Upload } from './file.ts';
import type { FileLimits } from './file-limits.ts';
import type { FileObserver } from './file-observer.ts';
import { requireFileQuotas } from './file-quotas.ts';
import type { FileStore } from './file-store.ts';
import { objectUrl, requireName } from './object-names.ts';
import { ObjectRecorder } from './object-recorder.ts';
import { partSizeFor } from './part-size.ts';

export interface UploadsOptions {
  readonly store: FileStore;
  readonly blobs: BlobStore;
  readonly unitOfWork: UnitOfWork;
  readonly limits: FileLimits;
  /** Unix ms. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Buffer;
  readonly observer: Pick<FileObserver, 'uploaded'>;
  /** Why nothing can be uploaded; empty: it can. */
  readonly offBecause: string;
}

/** @throws 500 where nothing can be uploaded */
export function requireFiles({ offBecause }: Pick<UploadsOptions, 'offBecause'>): void {
  if (offBecause !== '') throw errors.internal(offBecause);
}

export interface UploadRequest extends ObjectDescription {
  readonly hash: string;
  readonly size: number;
  /** How many parts are signed at once: -1 all. */
  readonly maxParts: number;
}

/** Either the URL of an object that is there already, or how to send it. */
export type Initiated =
  | { readonly url: string; readonly upload?: undefined }
  | { readonly url?: undefined; readonly upload: Upload; readonly sign: PartSignatures | undefined };

const uploadLifeMs = 7 * 86_400_000;
const signatureLifeMs = 86_400_000;

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #recorder: ObjectRecorder;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#recorder = new ObjectRecorder(options);
  }

  get partLimits(): PartLimits {
    return this.#options.blobs.partLimits;
  }

  /** @throws 500, as OpenIM does, for a size that no file can have */
  partSize(size: number): number {
    return partSizeFor(size, this.partLimits);
  }

  /**
   * Content that is here already becomes an object at once; whoever knows its hash has to know its size, too.
   * @param apiUrl ends in a slash
   * @throws 1001 ill-formed or beyond a quota, 1002 a name of somebody else, 500 for hash, size and maxParts
   */
  async initiate(call: CallContext, request: UploadRequest, apiUrl: string): Promise<Initiated> {
    requireName(call, request.name);
    requireFiles(this.#options);
    const { size, maxParts } = request;
    if (!/^[0-9a-f]{32}$/i.test(request.hash)) throw errors.internal('hash is not an MD5 in hex');
    if (size < 0) throw errors.internal('invalid size');
    const partSize = this.partSize(size);
    const parts = partsOf({ size, partSize });
    if (maxParts > parts) throw errors.internal('too many parts');
    const { maxFileBytes } = this.#options.limits;
    if (size > maxFileBytes) throw errors.args(`file is over ${maxFileBytes} bytes`);

    const hash = request.hash.toLowerCase();
    const name = await this.#nameStored(call, { ...request, hash });
    if (name !== undefined) {
      this.#options.observer.uploaded('known');
      return { url: objectUrl(apiUrl, name) };
    }
    const upload = await this.#begin(call, { ...request, hash }, partSize);
    const count = parts === 1 || maxParts < 0 ? parts : maxParts;
    if (count === 0) return { upload, sign: undefined };
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    return { upload, sign: await this.#sign(upload, numbers, apiUrl) };
  }

  /**
   * Signatures for some parts of an upload of the caller's.
   * @throws 1001 a number of no part, 1004 no such upload of the caller, 1701 it is too old
   */
  async sign(
    call: CallContext,
    uploadID: string,
    partNumbers: readonly number[],
    apiUrl: string,
  ): Promise<PartSignatures> {
    const upload = await this.#uploadOf(call, uploadID);
    const count = partsOf(upload);
    if (partNumbers.some((number) => number < 1 || number > count)) throw errors.args('there is no such part');
    return this.#sign(upload, partNumbers, apiUrl);
  }

  /**
   * Makes an object of what has arrived; a second time it gives the same URL.
   * @param parts MD5 of each part in lower-case hex
   * @throws 1001 ill-formed, 1002 a name of somebody else, 1004 no such upload of the caller, 1701 it is too old, 500 for
   * parts that are missing or do not match the hash
   */
  async complete(
    call: CallContext,
    uploadID: string,
    parts: readonly string[],
    description: ObjectDescription,
    apiUrl: string,
  ): Promise<string> {
    requireName(call, description.name);
    const upload = await this.#uploadOf(call, uploadID);
    if (upload.completedAs !== '') return objectUrl(apiUrl, upload.completedAs);
    if (hashOf(parts) !== upload.hash) throw errors.internal('md5 mismatching');
    if (parts.length !== partsOf(upload)) throw errors.internal('another number of parts');
    const name = await this.#recorder.complete(call, upload, description, parts);
    return objectUrl(apiUrl, name);
  }

  /** @returns the name of the new object, if the content is here */
  async #nameStored(call: CallContext, request: UploadRequest): Promise<string | undefined> {
    const { store, unitOfWork, limits, now } = this.#options;
    const blob = await this.#recorder.stored(request);
    if (blob === undefined) return undefined;
    return unitOfWork.transaction(async (tx) => {
      if (!(await store.claimBlob(tx, blob.key))) return undefined;
      const name = await this.#recorder.record(tx, call, request, blob);
      await requireFileQuotas(tx, call, { store, limits, now: now() });
      return name;
    });
  }

  #begin(call: CallContext, request: UploadRequest, partSize: number): Promise<Upload> {
    const { name, hash, size, contentType, group } = request;
    const blobKey = `openim/data/hash/${hash}_${this.#options.randomBytes(8).toString('hex')}`;
    const begun = { kind: 'parts', name, hash, size, partSize, contentType, group, blobKey } as const;
    return beginUpload(this.#options, call, begun, uploadLifeMs);
  }

  #sign(upload: Upload, partNumbers: readonly number[], apiUrl: string): Promise<PartSignatures> {
    const { blobs, now } = this.#options;
    // A single part is sent once and signed once, with the whole upload's time (objects chapter, 1.6).
    const expiresAt = partsOf(upload) === 1 ? upload.expiresAt : Math.min(upload.expiresAt, now() + signatureLifeMs);
    return blobs.sign(upload, partNumbers, { apiUrl, expiresAt });
  }

  /** Of somebody else's nobody is told that it is there. @throws 1004, 1701 */
  async #uploadOf({ caller }: CallContext, id: string): Promise<Upload> {
    const { store, blobs, now } = this.#options;
    const upload = await store.upload(id);
    const isTheirs = upload?.userID === caller.userID && upload.kind === 'parts' && upload.engine === blobs.engine;
    if (!isTheirs) throw errors.recordNotFound('no such upload');
    if (upload.completedAs === '' && upload.expiresAt <= now()) throw errors.uploadExpired();
    return upload;
  }
}

/** Objects chapter, 1.2. */
function hashOf(parts: readonly string[]): string {
  return createHash('md5').update(parts.join(',')).digest('hex');
}
