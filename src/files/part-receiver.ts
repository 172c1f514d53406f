/** Parts that clients send to ourselves, where the engine has no address of its own (objects chapter, 1.6). */

import { type BodySlots, NoSlot } from './body-slots.ts';
import { partsOf, sizeOfPart, type Upload } from './file.ts';
import type { FileObserver } from './file-observer.ts';
import type { FileStore } from './file-store.ts';
import { isTicketValid } from './part-ticket.ts';

/** An engine that takes parts itself. */
export interface PartSink {
  readonly engine: string;
  /**
   * Keeps a part once all of it has arrived, in place of an earlier one; of others nothing stays.
   * @param size in bytes, exactly
   * @throws PartRefused for another size, and for an upload that is no more; whatever `body` throws
   */
  receive(upload: Upload, partNumber: number, size: number, body: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Told to the sender as plain text with an HTTP status. */
export class PartRefused extends Error {
  override readonly name = 'PartRefused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface PartReceiverOptions {
  readonly store: Pick<FileStore, 'upload'>;
  readonly sink: PartSink;
  readonly slots: BodySlots;
  readonly observer: Pick<FileObserver, 'received'>;
  /** Unix ms. */
  readonly now: () => number;
}

/** A part as it comes in. */
export interface IncomingPart {
  readonly uploadID: string;
  readonly partNumber: number;
  /** What its URL was signed for. */
  readonly ticket: string;
  /** Of its URL. */
  readonly query: URLSearchParams;
  /** In bytes, as the sender says; undefined if it does not. */
  readonly declaredBytes: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Its turn has come: it is read from now on. */
  readonly onTurn?: () => void;
}

export class PartReceiver {
  readonly #options: PartReceiverOptions;

  constructor(options: PartReceiverOptions) {
    this.#options = options;
  }

  /** Reads nothing of what it refuses. @throws PartRefused; whatever the body throws */
  async receive({ uploadID, partNumber, ticket, query, declaredBytes, body, onTurn }: IncomingPart): Promise<void> {
    const { store, sink, slots, observer, now } = this.#options;
    const upload = await store.upload(uploadID);
    if (upload === undefined || upload.engine !== sink.engine) throw new PartRefused(404, 'no such upload');
    if (!isTicketValid(upload, ticket, query, now())) {
      throw new PartRefused(403, 'the signature does not hold, or not any more');
    }
    if (upload.completedAs !== '') throw new PartRefused(409, 'the upload is complete');
    if (partNumber > partsOf(upload)) throw new PartRefused(404, 'no such part');
    const size = sizeOfPart(upload, partNumber);
    if (declaredBytes !== undefined && declaredBytes !== size) throw wrongSize(size);
    const slot = await slots.take(upload.userID).catch((error: unknown) => {
      throw error instanceof NoSlot ? new PartRefused(503, 'too many uploads under way') : error;
    });
    try {
      onTurn?.();
      await sink.receive(upload, partNumber, size, body);
      observer.received(size);
    } finally {
      slot.release();
    }
  }
}

export function wrongSize(bytes: number): PartRefused {
  return new PartRefused(400, `must be ${bytes} bytes`);
}
