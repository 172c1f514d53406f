/** Looks whether the content of every object is there, so that its loss is known before somebody asks for it. */
import { type VerifiedBlob, verifiedBlobs } from '../files/verification.ts';
import type { Job, Step } from './jobs.ts';

export interface FileVerificationOptions {
  readonly store: Parameters<typeof verifiedBlobs>[0];
  readonly blobs: Parameters<typeof verifiedBlobs>[1];
  /** Told of blobs that are missing or have another size. */
  readonly onFaults: (faulty: readonly VerifiedBlob[]) => void;
}

export class FileVerification implements Job {
  readonly name = 'file-verification';
  readonly #options: FileVerificationOptions;

  constructor(options: FileVerificationOptions) {
    this.#options = options;
  }

  heldBack(): undefined {
    return undefined;
  }

  async sweep(step: Step, progress: (more: number) => void): Promise<void> {
    const { store, blobs, onFaults } = this.#options;
    for await (const page of verifiedBlobs(store, blobs)) {
      // Nothing is written: it tells whether to go on, and rests.
      await step(async () => {});
      progress(page.length);
      const faulty = page.filter(({ fault }) => fault !== undefined);
      if (faulty.length > 0) onFaults(faulty);
    }
  }
}
