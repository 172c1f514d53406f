/** Whether what the records of objects promise is there. */
import type { BlobStore } from './blob-store.ts';
import type { FileCollectionStore, NamedBlob } from './file-store.ts';

export interface VerifiedBlob {
  readonly key: string;
  /** For people; undefined: all of it is there. */
  readonly fault: string | undefined;
}

/** Of all blobs that objects name, page by page. Nothing is changed. */
export async function* verifiedBlobs(
  store: Pick<FileCollectionStore, 'namedBlobs'>,
  blobs: Pick<BlobStore, 'engine' | 'sizeOf'>,
): AsyncGenerator<readonly VerifiedBlob[]> {
  for (let after = ''; ; ) {
    const page = await store.namedBlobs(after, blobsAtOnce);
    const verified: VerifiedBlob[] = [];
    for (const blob of page) verified.push({ key: blob.key, fault: await faultOf(blob, blobs) });
    yield verified;
    const last = page.at(-1);
    if (last === undefined || page.length < blobsAtOnce) return;
    after = last.key;
  }
}

const blobsAtOnce = 100;

async function faultOf(
  { key, engine, size }: NamedBlob,
  blobs: Pick<BlobStore, 'engine' | 'sizeOf'>,
): Promise<string | undefined> {
  if (engine !== blobs.engine) return `is in another store: ${engine}`;
  const there = await blobs.sizeOf(key);
  if (there === undefined) return 'is missing';
  return there === size ? undefined : `has ${there} bytes instead of ${size}`;
}
