/** Finding objects again: by their URL, and URLs for back ends (objects chapter, 1.12 and 1.13). */
import type { Readable } from 'node:stream';
import type { CallContext } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import type { BlobStore } from './blob-store.ts';
import type { StoredObject } from './file.ts';
import type { FileStore } from './file-store.ts';
import { objectUrl } from './object-names.ts';
import { type Presentation, presentationOf } from './presentation.ts';

export interface ObjectsOptions {
  readonly store: Pick<FileStore, 'objectNamed'>;
  readonly blobs: Pick<BlobStore, 'engine' | 'addressOf' | 'open'>;
  /** Unix ms. */
  readonly now: () => number;
}

/** Where an object's bytes are: at another address, or here. */
export type Found =
  | { readonly address: string }
  | {
      readonly address?: undefined;
      readonly size: number;
      /** Names the content. */
      readonly tag: string;
      readonly presentation: Presentation;
      /** First and last byte, inclusive. */
      open(first: number, last: number): Readable;
    };

/** Of the URL's query, or the request's. */
export interface ObjectQuery {
  readonly type: string;
  readonly asAttachment: boolean;
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

  /** Anybody who knows the name may have it. @throws 1001 another type than an image, 1004 no such object */
  async find(name: string, { type, asAttachment }: ObjectQuery): Promise<Found> {
    requireType(type);
    const { blobs } = this.#options;
    const object = await this.#objectNamed(name);
    const presentation = presentationOf(object, asAttachment);
    const address = await blobs.addressOf(object, presentation);
    if (address !== undefined) return { address };
    const { blobKey, size } = object;
    const tag = blobKey.slice(blobKey.lastIndexOf('/') + 1);
    return { size, tag, presentation, open: (first, last) => blobs.open(blobKey, first, last) };
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
