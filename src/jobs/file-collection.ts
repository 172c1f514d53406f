/**
 * Collecting what nobody can reach: blobs that no object names, uploads past their end, and what a crash has left of bodies.
 * What messages say is never looked at: a blob goes a day after its last object has gone.
 */
import type { BlobStore } from '../files/blob-store.ts';
import type { FileCollectionStore } from '../files/file-store.ts';
import type { Job, Step } from './jobs.ts';

export interface FileCollectionOptions {
  readonly store: FileCollectionStore;
  readonly blobs: Pick<BlobStore, 'engine' | 'abandon' | 'remove' | 'tidy'>;
  /** Unix ms. */
  readonly now: () => number;
  /** What a wrong clock erases is gone for good. */
  readonly isClockSteady: () => boolean;
  readonly onBlobCollected: () => void;
}

/** Somebody may be fetching it, or have been told to send it, a moment ago. */
const graceMs = 86_400_000;
const atOnce = 100;

export class FileCollection implements Job {
  readonly name = 'file-collection';
  readonly #options: FileCollectionOptions;

  constructor(options: FileCollectionOptions) {
    this.#options = options;
  }

  heldBack(): string | undefined {
    return this.#options.isClockSteady() ? undefined : 'the clock was set of late';
  }

  async sweep(step: Step, progress: (more: number) => void): Promise<void> {
    const { blobs, now } = this.#options;
    await this.#collectUploads(step, progress);
    await this.#collectBlobs(step, progress);
    await blobs.tidy(now() - graceMs);
  }

  async #collectUploads(step: Step, progress: (more: number) => void): Promise<void> {
    const { store, blobs, now } = this.#options;
    for (;;) {
      const ended = await store.endedUploads(blobs.engine, now() - graceMs, atOnce);
      for (const upload of ended) {
        await blobs.abandon(upload);
        // A blob that was made and not recorded, since the process died in between: it is nobody's.
        if (upload.completedAs === '' && !(await store.hasBlob(upload.blobKey))) await blobs.remove(upload.blobKey);
        await step((tx) => store.removeUpload(tx, upload.id));
      }
      progress(ended.length);
      if (ended.length < atOnce) return;
    }
  }

  /** First nobody may name it any more, then it is deleted, then forgotten: whatever dies in between is done again. */
  async #collectBlobs(step: Step, progress: (more: number) => void): Promise<void> {
    const { store, blobs, now, onBlobCollected } = this.#options;
    for (;;) {
      const unused = await store.unusedBlobs(blobs.engine, now() - graceMs, atOnce);
      for (const key of unused) {
        if (!(await step((tx) => store.doomBlob(tx, key, now())))) continue;
        await blobs.remove(key);
        await step((tx) => store.removeBlob(tx, key));
        onBlobCollected();
      }
      progress(unused.length);
      if (unused.length < atOnce) return;
    }
  }
}
