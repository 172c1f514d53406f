/**
 * Files in a directory. What arrives is written under `temp`, put to disk and then moved to its place, so that a part, and
 * a blob, is there whole or not at all, whatever happens to the process or the machine.
 *
 * The parts of an upload are files of `uploads/<id>`, each named by its number and MD5. A blob of one part is that file; one
 * of several stays a directory of them, since to put 5 GB together would take longer than clients wait.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore, FormSignature, PartLimits, PartSignatures, Signing } from '../files/blob-store.ts';
import { partsOf, type Upload } from '../files/file.ts';
import { PartRefused, type PartSink, wrongSize } from '../files/part-receiver.ts';
import { ticketFor } from '../files/part-ticket.ts';
import { errors } from '../protocol/errors.ts';

interface PartFile {
  readonly number: number;
  readonly md5: string;
  readonly path: string;
}

export class DirectoryBlobStore implements BlobStore, PartSink {
  readonly engine = 'directory';
  readonly takesForms = true;
  readonly partLimits: PartLimits = { minPartSize: 5 * 2 ** 20, maxPartSize: 5 * 2 ** 30, maxParts: 10_000 };
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes the directory if need be, for its owner alone. */
  static async open(root: string): Promise<DirectoryBlobStore> {
    for (const name of ['temp', 'uploads', 'assembling']) {
      await mkdir(join(root, name), { recursive: true, mode: 0o700 });
    }
    return new DirectoryBlobStore(root);
  }

  async begin({ id }: Upload): Promise<string> {
    await mkdir(this.#uploading(id), { recursive: true, mode: 0o700 });
    await syncDirectory(join(this.#root, 'uploads'));
    return '';
  }

  async sign(upload: Upload, partNumbers: readonly number[], { apiUrl, expiresAt }: Signing): Promise<PartSignatures> {
    const parts = partNumbers.map((partNumber) => ({
      partNumber,
      url: `${apiUrl}object/upload/${upload.id}/${partNumber}?${ticketFor(upload, `part ${partNumber}`, expiresAt)}`,
      query: [],
      header: [],
    }));
    return { url: '', query: [], header: [], parts };
  }

  async signForm(upload: Upload, { apiUrl, expiresAt }: Signing): Promise<FormSignature> {
    const url = `${apiUrl}object/form/${upload.id}?${ticketFor(upload, 'form', expiresAt)}`;
    const fields = new Map([
      ['key', upload.blobKey],
      ['success_action_status', '200'],
    ]);
    return { url, fields, successCodes: [200] };
  }

  async receive(upload: Upload, partNumber: number, size: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const temp = join(this.#root, 'temp', randomUUID());
    try {
      const md5 = await write(temp, body, size);
      const directory = this.#uploading(upload.id);
      const name = `${partNumber}.${md5}`;
      await rename(temp, join(directory, name)).catch((error: unknown) => {
        throw isMissing(error) ? new PartRefused(409, 'the upload is complete') : error;
      });
      const others = (await partFilesOf(directory)).filter((part) => part.number === partNumber && part.md5 !== md5);
      for (const { path } of others) await rm(path, { force: true });
      await syncDirectory(directory);
    } catch (error) {
      await rm(temp, { force: true });
      throw error;
    }
  }

  async finish(upload: Upload, parts: readonly string[] | undefined): Promise<void> {
    const blob = this.#blob(upload.blobKey);
    if ((await this.sizeOf(upload.blobKey)) !== undefined) return;
    const assembling = join(this.#root, 'assembling', upload.id);
    // From now on no part comes in any more.
    await rename(this.#uploading(upload.id), assembling).catch(ignoreMissing);
    try {
      const files = await requireParts(assembling, upload, parts);
      await mkdir(dirname(blob), { recursive: true, mode: 0o700 });
      const [only] = files;
      await rename(files.length === 1 && only !== undefined ? only.path : assembling, blob);
    } catch (error) {
      // Another call may have been faster.
      if ((await this.sizeOf(upload.blobKey)) !== undefined) return;
      await rename(assembling, this.#uploading(upload.id)).catch(ignoreMissing);
      throw error;
    }
    await syncDirectory(dirname(blob));
    await rm(assembling, { recursive: true, force: true });
  }

  async abandon({ id }: Upload): Promise<void> {
    await rm(this.#uploading(id), { recursive: true, force: true });
    await rm(join(this.#root, 'assembling', id), { recursive: true, force: true });
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const path = this.#blob(key);
    const stats = await stat(path).catch(ignoreMissing);
    if (stats === undefined || stats.isFile()) return stats?.size;
    const parts = await partFilesOf(path);
    const sizes = await Promise.all(parts.map(async (part) => (await stat(part.path)).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async addressOf(): Promise<undefined> {
    return undefined;
  }

  open(key: string, first: number, last: number): AsyncIterable<Uint8Array> {
    return readBlob(this.#blob(key), first, last);
  }

  async remove(key: string): Promise<void> {
    await rm(this.#blob(key), { recursive: true, force: true });
  }

  async tidy(until: number): Promise<void> {
    for (const name of await readdir(join(this.#root, 'temp'))) {
      const path = join(this.#root, 'temp', name);
      const stats = await stat(path).catch(ignoreMissing);
      if (stats !== undefined && stats.mtimeMs < until) await rm(path, { force: true });
    }
  }

  #uploading(id: string): string {
    return join(this.#root, 'uploads', id);
  }

  /** Keys are made by us alone, of letters, digits and slashes. */
  #blob(key: string): string {
    return join(this.#root, key);
  }
}

/** @returns the MD5 of what was written, once it is on disk. @throws PartRefused for another size */
async function write(path: string, body: AsyncIterable<Uint8Array>, size: number): Promise<string> {
  const hash = createHash('md5');
  const file = await open(path, 'wx', 0o600);
  try {
    let written = 0;
    for await (const chunk of body) {
      written += chunk.length;
      if (written > size) throw wrongSize(size);
      hash.update(chunk);
      await writeAll(file, chunk);
    }
    if (written !== size) throw wrongSize(size);
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** All parts in order. @throws 500 if one is missing, or has other bytes than the client says */
async function requireParts(
  directory: string,
  upload: Upload,
  md5s: readonly string[] | undefined,
): Promise<readonly PartFile[]> {
  const files = await partFilesOf(directory);
  const there = new Map(files.map((part) => [`${part.number}.${part.md5}`, part]));
  const parts = Array.from({ length: partsOf(upload) }, (_, index) => {
    const part = md5s === undefined ? files[0] : there.get(`${index + 1}.${md5s[index]}`);
    if (part === undefined) throw errors.internal(`part ${index + 1} is missing or has another MD5`);
    return part;
  });
  const stray = [...there.values()].filter((part) => !parts.includes(part));
  for (const { path } of stray) await rm(path, { force: true });
  return parts;
}

/** By number; none of a directory that is not there. */
async function partFilesOf(directory: string): Promise<readonly PartFile[]> {
  const names = (await readdir(directory).catch(ignoreMissing)) ?? [];
  return names
    .map((name) => ({
      number: Number.parseInt(name, 10),
      md5: name.slice(name.indexOf('.') + 1),
      path: join(directory, name),
    }))
    .sort((a, b) => a.number - b.number);
}

/** Bytes of a blob that is a file, or a directory of parts that are all as large as the first, but for the last. */
async function* readBlob(path: string, first: number, last: number): AsyncGenerator<Uint8Array> {
  if (last < first) return;
  // The same for all chunks: to collect one for each took three quarters of the time.
  const memory = Buffer.allocUnsafeSlow(Math.min(readBytes, last - first + 1));
  if ((await stat(path)).isFile()) return yield* readFile(path, first, last, memory);
  const parts = await partFilesOf(path);
  const partSize = parts[0] === undefined ? 0 : (await stat(parts[0].path)).size;
  for (let index = Math.floor(first / partSize); index * partSize <= last; index++) {
    const from = index * partSize;
    const part = parts[index];
    if (part === undefined) throw tooShort();
    yield* readFile(part.path, Math.max(first - from, 0), Math.min(last - from, partSize - 1), memory);
  }
}

const readBytes = 256 * 1024;

/** @param first to `last`, inclusive. @param memory what chunks are read into */
async function* readFile(path: string, first: number, last: number, memory: Buffer): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    for (let at = first; at <= last; ) {
      const { bytesRead } = await file.read(memory, 0, Math.min(memory.length, last - at + 1), at);
      if (bytesRead === 0) throw tooShort();
      yield memory.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function tooShort(): Error {
  return new Error('a blob is shorter than its record says');
}

/** So that the names in it outlive a crash of the machine. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(ignoreMissing);
  if (directory === undefined) return;
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
