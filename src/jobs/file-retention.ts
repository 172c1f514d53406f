/** Forgetting objects that are older than files are kept, by what they were uploaded for (objects chapter, 5.3). */
import type { FileCollectionStore } from '../files/file-store.ts';
import type { Job, Step } from './jobs.ts';

export interface FileRetentionOptions {
  readonly store: Pick<FileCollectionStore, 'forgetObjects'>;
  /** How long they are kept, in ms; 0: for ever. */
  readonly keepMs: number;
  /** The causes of uploads whose objects go. */
  readonly groups: readonly string[];
  /** Unix ms. */
  readonly now: () => number;
  /** What a wrong clock erases is gone for good. */
  readonly isClockSteady: () => boolean;
}

const objectsAtOnce = 100;

export class FileRetention implements Job {
  readonly name = 'file-retention';
  readonly #options: FileRetentionOptions;

  constructor(options: FileRetentionOptions) {
    this.#options = options;
  }

  heldBack(): string | undefined {
    if (this.#options.keepMs === 0) return 'retainFiles is 0';
    return this.#options.isClockSteady() ? undefined : 'the clock was set of late';
  }

  async sweep(step: Step, progress: (more: number) => void): Promise<void> {
    const { store, keepMs, groups, now } = this.#options;
    for (const group of groups) {
      for (;;) {
        const gone = await step((tx) => store.forgetObjects(tx, group, now() - keepMs, objectsAtOnce, now()));
        progress(gone);
        if (gone < objectsAtOnce) break;
      }
    }
  }
}
