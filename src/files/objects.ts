/** Finding objects again: by their URL, and URLs for back ends (objects chapter, 1.12 and 1.13). */
import type { CallContext } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import type { BlobStore } from './blob-store.ts';
import type { StoredObject } from './file.ts';
import type { FileObserver } from './file-observer.ts';
import type { FileStore } from './file-store.ts';
import { objectUrl } from './object-names.ts';
import { type Presentation, presentationOf } from './presentation.ts';
import type { Thumbnail, Thumbnails } from './thumbnails.ts';

export interface ObjectsOptions {
  readonly store: Pick<FileStore, 'objectNamed'>;
  readonly blobs: Pick<BlobStore, 'engine' | 'addressOf' | 'open'>;
  readonly thumbnails: Pick<Thumbnails, 'of'>;
  readonly observer: Pick<FileObserver, 'served'>;
  /** Unix ms. */
  readonly now: () => number;
}

export interface Found {
  /** To be tried first. */
  readonly thumbnail: Thumbnail | undefined;
  /** Where the bytes are: here, or at another address, which the client is sent to. */
  readonly original: ObjectContent | { address(): string };
}

export interface ObjectContent {
  readonly address?: undefined;
  readonly size: number;
  /** Names the content. */
  readonly tag: string;
  readonly presentation: Presentation;
  /** First and last byte, inclusive; each chunk is good until the next is asked for. */
  open(first: number, last: number): AsyncIterable<Uint8Array>;
}

const urlLifeMs = 7 * 86_400_000;

export class Objects {
  readonly #options: ObjectsOptions;

  constructor(options: ObjectsOptions) {
    this.#options = options;
  }

  /**
   * The URL of any object for whoever has a token; unless it is asked for an image, browsers save what it gives.
   * @param query more of the URL's query @throws 1001 another type than an image, 1004 no such object
   */
  async url(
    _call: CallContext,
    name: string,
    query: ReadonlyMap<string, string>,
    apiUrl: string,
  ): Promise<{ readonly url: string; readonly expiresAt: number }> {
    const type = query.get('type') ?? '';
    requireType(type);
    await this.#objectNamed(name);
    const parameters = new URLSearchParams();
    if (type === '') parameters.set('attachment', 'true');
    for (const key of ['type', 'format', 'width', 'height']) {
      const value = query.get(key) ?? '';
      if (value !== '') parameters.set(key, value);
    }
    return { url: `${objectUrl(apiUrl, name)}?${parameters}`, expiresAt: this.#options.now() + urlLifeMs };
  }

  /**
   * Anybody who knows the name may have it. @param query of the URL
   * @throws 1001 another type than an image, 1004 no such object
   */
  async find(name: string, query: URLSearchParams): Promise<Found> {
    const type = query.get('type') ?? '';
    const asAttachment = query.get('attachment') === 'true';
    requireType(type);
    const { blobs, thumbnails, observer } = this.#options;
    const object = await this.#objectNamed(name);
    const { blobKey, size } = object;
    const tag = blobKey.slice(blobKey.lastIndexOf('/') + 1);
    const thumbnail = type === 'image' && !asAttachment ? thumbnails.of(object, tag, query) : undefined;
    const presentation = presentationOf(object, asAttachment);
    const address = await blobs.addressOf(object, presentation);
    if (address !== undefined) {
      const visit = () => {
        observer.served('redirect', 0);
        return address;
      };
      return { thumbnail, original: { address: visit } };
    }
    const open = (first: number, last: number) => {
      observer.served('original', last - first + 1);
      return blobs.open(blobKey, first, last);
    };
    return { thumbnail, original: { size, tag, presentation, open } };
  }

  async #objectNamed(name: string): Promise<StoredObject> {
    const { store, blobs } = this.#options;
    // What no object can be called is never asked of the database, which could not take it.
    const object = name.isWellFormed() && !/\p{Cc}/u.test(name) ? await store.objectNamed(name) : undefined;
    if (object === undefined || object.engine !== blobs.engine) throw errors.recordNotFound('no such object');
    return object;
  }
}

function requireType(type: string): void {
  if (type !== '' && type !== 'image') throw errors.args('invalid query type');
}
