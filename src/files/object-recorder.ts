/** Gives a blob its name. */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { BlobStore } from './blob-store.ts';
import type { Blob, ObjectDescription, Upload } from './file.ts';
import type { FileObserver } from './file-observer.ts';
import type { FileStore } from './file-store.ts';
import { withSegment } from './object-names.ts';

export interface ObjectRecorderOptions {
  readonly store: FileStore;
  readonly blobs: BlobStore;
  readonly unitOfWork: UnitOfWork;
  /** Unix ms. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Buffer;
  readonly observer: Pick<FileObserver, 'uploaded'>;
}

export class ObjectRecorder {
  readonly #options: ObjectRecorderOptions;

  constructor(options: ObjectRecorderOptions) {
    this.#options = options;
  }

  /**
   * Makes an upload's blob and its object, once. @returns the object's name
   * @param parts MD5 of each part; undefined: a form's file
   * @throws 90007 it has another size than was said
   */
  async complete(
    call: CallContext,
    upload: Upload,
    description: ObjectDescription,
    parts: readonly string[] | undefined,
  ): Promise<string> {
    const { store, blobs, unitOfWork, now, observer } = this.#options;
    const complete = (blob: Blob, claim: (tx: Transaction) => Promise<boolean>) =>
      unitOfWork.transaction(async (tx) => {
        if (!(await claim(tx))) return undefined;
        const name = await this.record(tx, call, description, blob);
        return (await store.completeUpload(tx, upload.id, name)) ?? name;
      });
    const there = await this.stored(upload);
    const name = there && (await complete(there, (tx) => store.claimBlob(tx, there.key)));
    if (name !== undefined) {
      await blobs.abandon(upload);
      observer.uploaded('known');
      return name;
    }
    await blobs.finish(upload, parts);
    const { blobKey: key, engine, hash, size } = upload;
    if (parts === undefined && (await blobs.sizeOf(key)) !== size) {
      throw errors.webhookReplyInvalid('file size mismatch');
    }
    const blob: Blob = { key, engine, hash, size, createdAt: now() };
    const own = await complete(blob, (tx) => store.addBlob(tx, blob).then(() => true));
    if (own === undefined) throw new Error('a blob of its own could not be claimed');
    observer.uploaded('new');
    return own;
  }

  /** A blob with this content, if there is one. Never by memory: what was deleted behind our back is uploaded again. */
  async stored({ hash, size }: Pick<Upload, 'hash' | 'size'>): Promise<Blob | undefined> {
    if (hash === '') return undefined;
    const { store, blobs } = this.#options;
    const blob = await store.blobWith(blobs.engine, hash, size);
    return blob !== undefined && (await blobs.sizeOf(blob.key)) === size ? blob : undefined;
  }

  /**
   * A user's object is never another one later: SDKs name files as the user's disk does, so that the second one of a
   * name gets a name of its own (objects chapter, 1.11). Admins replace what their back ends have under a name.
   * @param blob claimed in the transaction @returns the name
   */
  async record(
    tx: Transaction,
    { caller }: CallContext,
    { name, contentType, group }: ObjectDescription,
    { key, engine, size }: Blob,
  ): Promise<string> {
    const { store, now, randomBytes } = this.#options;
    const there = caller.isAdmin ? undefined : await store.objectWithin(tx, name);
    const isTaken = there !== undefined && there.blobKey !== key;
    const own = isTaken ? withSegment(name, randomBytes(12).toString('hex')) : name;
    await store.putObject(tx, {
      name: own,
      engine,
      blobKey: key,
      size,
      contentType,
      group,
      ownerUserID: caller.userID,
      createdAt: now(),
    });
    return own;
  }
}
