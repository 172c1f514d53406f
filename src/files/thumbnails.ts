/**
 * Smaller pictures of objects (objects chapter, 1.14), made each time they are asked for and never stored. Whatever cannot
 * be made, or not soon enough, is answered with the original.
 */
import type { BlobStore } from './blob-store.ts';
import { BodySlots } from './body-slots.ts';
import type { StoredObject } from './file.ts';
import type { FileObserver } from './file-observer.ts';
import type { ObjectContent } from './objects.ts';

export type PictureFormat = 'jpeg' | 'png' | 'gif' | 'webp';

/** What is asked for: the picture fits into `width` and `height`, in pixels; undefined: its own format. */
export interface PictureShape {
  readonly width: number;
  readonly height: number;
  readonly format: PictureFormat | undefined;
}

/** Makes pictures smaller, off the event loop. */
export interface PictureScaler {
  /**
   * Upright, never larger than it was, its aspect kept. @returns undefined if the original has that shape already
   * @throws if the bytes are no picture of a {@link PictureFormat}, have too many pixels or take too long
   */
  scale(bytes: Uint8Array, shape: PictureShape): Promise<Picture | undefined>;
}

export interface Picture {
  readonly bytes: Uint8Array;
  readonly format: PictureFormat;
}

export interface ThumbnailLimits {
  readonly maxThumbnailSourceBytes: number;
  readonly maxThumbnails: number;
  readonly maxWaitingThumbnails: number;
}

export interface Thumbnail {
  /** Names what it shows, and its shape: known before it is made. */
  readonly tag: string;
  /** @returns undefined: the original is to be answered */
  make(): Promise<ObjectContent | undefined>;
}

export interface ThumbnailsOptions {
  readonly blobs: Pick<BlobStore, 'open'>;
  readonly scaler: PictureScaler;
  readonly limits: ThumbnailLimits;
  readonly observer: Pick<FileObserver, 'served'>;
  /** Unix ms. */
  readonly now: () => number;
}

/** A client that has waited as long as this for its turn is better served with the original. */
const longestWaitMs = 5000;

export class Thumbnails {
  readonly #options: ThumbnailsOptions;
  readonly #slots: BodySlots;

  constructor(options: ThumbnailsOptions) {
    this.#options = options;
    const { maxThumbnails, maxWaitingThumbnails } = options.limits;
    this.#slots = new BodySlots({
      maxFileBodies: maxThumbnails,
      maxFileBodiesPerUser: maxThumbnails,
      maxWaitingFileBodies: maxWaitingThumbnails,
    });
  }

  /** @returns undefined if no thumbnail of this shape is ever made of it */
  of({ blobKey, size }: StoredObject, contentTag: string, query: URLSearchParams): Thumbnail | undefined {
    const shape = shapeOf(query);
    if (shape === undefined || size > this.#options.limits.maxThumbnailSourceBytes) return undefined;
    const tag = `${contentTag}-${shape.width}x${shape.height}${shape.format ?? ''}`;
    return { tag, make: () => this.#make(blobKey, size, shape, tag) };
  }

  async #make(key: string, size: number, shape: PictureShape, tag: string): Promise<ObjectContent | undefined> {
    const { scaler, now } = this.#options;
    const askedAt = now();
    try {
      // Anybody may ask, without a token: all share the slots.
      const slot = await this.#slots.take('');
      try {
        if (now() - askedAt > longestWaitMs) return undefined;
        const source = await this.#read(key, size);
        const picture = source === undefined ? undefined : await scaler.scale(source, shape);
        return picture === undefined ? undefined : this.#contentOf(picture, tag);
      } finally {
        slot.release();
      }
    } catch {
      // No slot, no picture, a broken one, or none that can be read: the original, or why there is none, says it all.
      return undefined;
    }
  }

  #contentOf({ bytes, format }: Picture, tag: string): ObjectContent {
    const open = (first: number, last: number) => {
      this.#options.observer.served('thumbnail', last - first + 1);
      return inOne(bytes.subarray(first, last + 1));
    };
    return { size: bytes.length, tag, presentation: { contentType: `image/${format}`, disposition: undefined }, open };
  }

  /** @returns undefined as soon as it is seen to be no picture */
  async #read(key: string, size: number): Promise<Buffer | undefined> {
    const whole = Buffer.allocUnsafe(size);
    let length = 0;
    let isKnown = false;
    for await (const chunk of this.#options.blobs.open(key, 0, size - 1)) {
      if (length + chunk.length > size) return undefined;
      whole.set(chunk, length);
      length += chunk.length;
      isKnown ||= length >= signatureBytes;
      if (isKnown && !isPicture(whole)) return undefined;
    }
    return isKnown && length === size ? whole : undefined;
  }
}

const largestSide = 1024;

/** @returns undefined where the original is what is asked for (1.14) */
function shapeOf(query: URLSearchParams): PictureShape | undefined {
  const asked = query.get('format')?.toLowerCase() ?? '';
  const format = asked === 'jpg' ? 'jpeg' : formats.find((each) => each === asked);
  const [width, height] = [sideOf(query.get('width')), sideOf(query.get('height'))];
  if (width > largestSide || height > largestSide) return undefined;
  if (width <= 0 && height <= 0 && format === undefined) return undefined;
  return { width: width > 0 ? width : largestSide, height: height > 0 ? height : largestSide, format };
}

const formats: readonly PictureFormat[] = ['jpeg', 'png', 'gif', 'webp'];

/** What is no number is 0. */
function sideOf(text: string | null): number {
  return /^[+-]?\d{1,10}$/.test(text ?? '') ? Number(text) : 0;
}

const signatureBytes = 12;
const signatures = ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'GIF87a', 'GIF89a'];

/** By its first bytes, whatever type its owner claims. */
function isPicture(bytes: Buffer): boolean {
  const head = bytes.toString('latin1', 0, signatureBytes);
  const isWebp = head.startsWith('RIFF') && head.endsWith('WEBP');
  return isWebp || signatures.some((signature) => head.startsWith(signature));
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
