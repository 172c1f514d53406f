/**
 * Files in an S3-compatible store. Clients send parts there and fetch from there, by URLs that are presigned for the
 * store's public address; a single PUT goes to a key of its own and is copied once it has been looked at, since its URL
 * would let the client change it later.
 */
import { createHash } from 'node:crypto';
import type { BlobStore, FormSignature, PartLimits, PartSignatures, Signing } from '../files/blob-store.ts';
import { partsOf, type StoredObject, type Upload } from '../files/file.ts';
import type { Presentation } from '../files/presentation.ts';
import { errors } from '../protocol/errors.ts';
import { S3Client, S3Error, type S3Place } from './s3-client.ts';

const longestLifeSeconds = 7 * 86_400;

const openToPages =
  '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>' +
  '<AllowedMethod>HEAD</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>' +
  '<MaxAgeSeconds>86400</MaxAgeSeconds></CORSRule></CORSConfiguration>';

export interface S3BlobStoreOptions extends S3Place {
  /** Unix ms. */
  readonly now: () => number;
}

export class S3BlobStore implements BlobStore {
  readonly engine = 's3';
  readonly takesForms = false;
  readonly partLimits: PartLimits = { minPartSize: 5 * 2 ** 20, maxPartSize: 5 * 2 ** 30, maxParts: 10_000 };
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #now: () => number;

  private constructor({ now, ...place }: S3BlobStoreOptions) {
    this.#client = new S3Client(place);
    this.#bucket = place.bucket;
    this.#now = now;
  }

  /** Makes the bucket if need be. @throws S3Error, or an Error if the store does not answer */
  static async open(options: S3BlobStoreOptions): Promise<S3BlobStore> {
    const store = new S3BlobStore(options);
    const { status } = await store.#client.send({ method: 'HEAD', key: '' }, [404]);
    if (status === 404) await store.#makeBucket();
    return store;
  }

  /** Which pages of any origin may use, as they may use ours. Not all stores know that; MinIO lets them anyway. */
  async #makeBucket(): Promise<void> {
    const { status } = await this.#client.send({ method: 'PUT', key: '' }, [409]);
    // Another node may be about it: then it is there, or this one is started again.
    if (status === 409) await this.#client.send({ method: 'HEAD', key: '' });
    const headers = { 'content-md5': createHash('md5').update(openToPages).digest('base64') };
    const rules = this.#client.send({ method: 'PUT', key: '', query: { cors: '' }, headers, body: openToPages });
    await rules.catch((error: unknown) => {
      if (!(error instanceof S3Error)) throw error;
    });
  }

  async begin(upload: Upload): Promise<string> {
    if (partsOf(upload) === 1) return '';
    const { text } = await this.#client.send({ method: 'POST', key: upload.blobKey, query: { uploads: '' } });
    const id = /<UploadId>([^<]+)<\/UploadId>/.exec(text)?.[1];
    if (id === undefined) throw new Error('the object store has begun an upload without an ID');
    return id;
  }

  async sign(upload: Upload, partNumbers: readonly number[], { expiresAt }: Signing): Promise<PartSignatures> {
    const lifeSeconds = Math.min(longestLifeSeconds, Math.max(1, Math.floor((expiresAt - this.#now()) / 1000)));
    const urlOf = (partNumber: number) =>
      upload.engineRef === ''
        ? this.#client.presign({ method: 'PUT', key: stagingKey(upload) }, lifeSeconds)
        : this.#client.presign(
            {
              method: 'PUT',
              key: upload.blobKey,
              query: { partNumber: String(partNumber), uploadId: upload.engineRef },
            },
            lifeSeconds,
          );
    const parts = [];
    for (const partNumber of partNumbers) {
      parts.push({ partNumber, url: await urlOf(partNumber), query: [], header: [] });
    }
    return { url: '', query: [], header: [], parts };
  }

  signForm(): Promise<FormSignature> {
    throw errors.internal('the object store takes no forms');
  }

  async finish(upload: Upload, parts: readonly string[] = []): Promise<void> {
    // A call before this one may have got as far as that and not been answered.
    if ((await this.sizeOf(upload.blobKey)) === upload.size) return;
    if (upload.engineRef === '') await this.#copyStaged(upload);
    else await this.#completeParts(upload, parts);
  }

  async #copyStaged(upload: Upload): Promise<void> {
    const key = stagingKey(upload);
    const { status, headers } = await this.#client.send({ method: 'HEAD', key }, [404]);
    if (status === 404) throw errors.internal('part 1 is missing');
    if (Number(headers.get('content-length')) !== upload.size) throw errors.internal('upload size mismatching');
    const tag = headers.get('etag') ?? '';
    if (md5Of(tag.replaceAll('"', '')) !== upload.hash) throw errors.args('md5 mismatching');
    // Only if it is still what was looked at.
    const copy = { 'x-amz-copy-source': `/${this.#bucket}/${key}`, 'x-amz-copy-source-if-match': tag };
    await this.#client.send({ method: 'PUT', key: upload.blobKey, headers: copy });
    await this.remove(key);
  }

  async #completeParts({ blobKey: key, engineRef: uploadId, size }: Upload, parts: readonly string[]): Promise<void> {
    const rows = parts.map((md5, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>"${md5}"</ETag></Part>`);
    const body = `<CompleteMultipartUpload>${rows.join('')}</CompleteMultipartUpload>`;
    try {
      await this.#client.send({ method: 'POST', key, query: { uploadId }, body });
    } catch (error) {
      const isOurs = error instanceof S3Error && /^(?:InvalidPart|InvalidPartOrder|EntityTooSmall)$/.test(error.code);
      throw isOurs ? errors.internal('a part is missing or has another MD5') : error;
    }
    if ((await this.sizeOf(key)) === size) return;
    await this.remove(key);
    throw errors.internal('upload size mismatching');
  }

  async abandon(upload: Upload): Promise<void> {
    if (upload.engineRef === '') return this.remove(stagingKey(upload));
    const query = { uploadId: upload.engineRef };
    await this.#client.send({ method: 'DELETE', key: upload.blobKey, query }, [404]);
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const { status, headers } = await this.#client.send({ method: 'HEAD', key }, [404]);
    return status === 404 ? undefined : Number(headers.get('content-length'));
  }

  addressOf({ blobKey: key }: StoredObject, { contentType, disposition }: Presentation): Promise<string> {
    const shown: Record<string, string> = { 'response-content-type': contentType };
    if (disposition !== undefined) shown['response-content-disposition'] = disposition;
    return this.#client.presign({ method: 'GET', key, query: shown }, longestLifeSeconds);
  }

  open(key: string, first: number, last: number): AsyncIterable<Uint8Array> {
    const headers = { range: `bytes=${first}-${last}` };
    return this.#client.read({ method: 'GET', key, headers });
  }

  async remove(key: string): Promise<void> {
    await this.#client.send({ method: 'DELETE', key }, [404]);
  }

  /** Nothing passes through here. */
  async tidy(): Promise<void> {}
}

/** Where a single PUT goes. */
function stagingKey({ id }: Upload): string {
  return `openim/temp/${id}.presigned`;
}

function md5Of(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
