/** Engines whose failures are told. What they refuse is none, nor a client that goes away. */
import { ProtocolError } from '../protocol/errors.ts';
import type { BlobStore, FormSignature, PartLimits, PartSignatures, Signing } from './blob-store.ts';
import type { StoredObject, Upload } from './file.ts';
import type { FileObserver, StoreOperation } from './file-observer.ts';
import type { PartSink } from './part-receiver.ts';
import type { Presentation } from './presentation.ts';

type Observer = Pick<FileObserver, 'storeFailed'>;

export class WatchedBlobs implements BlobStore {
  readonly #blobs: BlobStore;
  readonly #observer: Observer;

  constructor(blobs: BlobStore, observer: Observer) {
    this.#blobs = blobs;
    this.#observer = observer;
  }

  get engine(): string {
    return this.#blobs.engine;
  }

  get partLimits(): PartLimits {
    return this.#blobs.partLimits;
  }

  get takesForms(): boolean {
    return this.#blobs.takesForms;
  }

  begin(upload: Upload): Promise<string> {
    return this.#watch('begin', this.#blobs.begin(upload));
  }

  sign(upload: Upload, partNumbers: readonly number[], signing: Signing): Promise<PartSignatures> {
    return this.#watch('sign', this.#blobs.sign(upload, partNumbers, signing));
  }

  signForm(upload: Upload, signing: Signing): Promise<FormSignature> {
    return this.#watch('sign', this.#blobs.signForm(upload, signing));
  }

  finish(upload: Upload, parts: readonly string[] | undefined): Promise<void> {
    return this.#watch('finish', this.#blobs.finish(upload, parts));
  }

  abandon(upload: Upload): Promise<void> {
    return this.#watch('remove', this.#blobs.abandon(upload));
  }

  sizeOf(key: string): Promise<number | undefined> {
    return this.#watch('look', this.#blobs.sizeOf(key));
  }

  addressOf(object: StoredObject, presentation: Presentation): Promise<string | undefined> {
    return this.#watch('sign', this.#blobs.addressOf(object, presentation));
  }

  async *open(key: string, first: number, last: number): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#blobs.open(key, first, last);
    } catch (error) {
      this.#observer.storeFailed('read');
      throw error;
    }
  }

  remove(key: string): Promise<void> {
    return this.#watch('remove', this.#blobs.remove(key));
  }

  tidy(until: number): Promise<void> {
    return this.#watch('remove', this.#blobs.tidy(until));
  }

  #watch<T>(operation: StoreOperation, work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      if (!(error instanceof ProtocolError)) this.#observer.storeFailed(operation);
      throw error;
    });
  }
}

/** The same for what takes parts. */
export function watchedSink(sink: PartSink, observer: Observer): PartSink {
  return {
    engine: sink.engine,
    receive: (...part) =>
      sink.receive(...part).catch((error: NodeJS.ErrnoException) => {
        // Of the disk, and not of the body.
        if (typeof error.code === 'string') observer.storeFailed('receive');
        throw error;
      }),
  };
}
