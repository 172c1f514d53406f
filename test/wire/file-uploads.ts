/** Files as SDKs upload them: hash, initiate, a PUT for each part, complete (objects-push-webhooks.md 1.6 to 1.10). */
import { createHash } from 'node:crypto';
import completeMultipartUpload from '../../src/http/routes/object/complete_multipart_upload.ts';
import initiateMultipartUpload from '../../src/http/routes/object/initiate_multipart_upload.ts';
import { type Envelope, envelopeOf, type RawReply, send } from './raw-http.ts';
import type { World } from './world.ts';

const partSize = 5 * 2 ** 20;

export interface UploadedFile {
  readonly name: string;
  readonly content: Buffer;
  readonly contentType?: string;
  readonly cause?: string;
}

/** As long as it is asked for, and unlike others. */
export function contentOf(text: string, size = text.length): Buffer {
  return Buffer.alloc(size, text);
}

export function md5Of(bytes: Uint8Array | string): string {
  return createHash('md5').update(bytes).digest('hex');
}

export function partsIn(content: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(content.length / partSize) }, (_, index) =>
    content.subarray(index * partSize, (index + 1) * partSize),
  );
}

export function hashOf(content: Buffer): string {
  return md5Of(partsIn(content).map(md5Of).join(','));
}

/** The path and query of a URL of the world's own. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the endpoint answers
export async function initiate(world: World, token: string, body: object): Promise<any> {
  const envelope: Envelope = envelopeOf(await world.post(initiateMultipartUpload.path, body, token));
  if (envelope.errCode !== 0) throw new Error(`initiate answered ${envelope.errCode} ${envelope.errDlt}`);
  return envelope.data;
}

/** To wherever the URL says: the world, or a store of its own. */
export function put(world: World, url: string, body: Uint8Array | string): Promise<RawReply> {
  const port = Number(new URL(url).port);
  if (port !== world.apiPort) {
    return send(port, { method: 'PUT', path: pathOf(url), body, headers: { 'Content-Length': String(body.length) } });
  }
  return world.send({ method: 'PUT', path: pathOf(url), body, headers: { 'Content-Length': String(body.length) } });
}

/** @returns the object's URL */
export async function upload(world: World, token: string, file: UploadedFile): Promise<string> {
  const { name, content, contentType = 'text/plain', cause = '' } = file;
  const description = { name, contentType, cause };
  const begun = await initiate(world, token, {
    ...description,
    hash: hashOf(content),
    size: content.length,
    maxParts: -1,
  });
  if (begun.url !== '') return begun.url;
  const parts = partsIn(content);
  for (const [index, part] of parts.entries()) {
    const { status } = await put(world, begun.upload.sign.parts[index].url, part);
    if (status !== 200) throw new Error(`part ${index + 1} was answered with ${status}`);
  }
  const { url } = await complete(world, token, begun.upload.uploadID, parts, description);
  return url;
}

export async function complete(
  world: World,
  token: string,
  uploadID: string,
  parts: readonly Buffer[],
  description: object,
): Promise<{ url: string }> {
  const body = { uploadID, parts: parts.map(md5Of), ...description };
  const envelope = envelopeOf(await world.post(completeMultipartUpload.path, body, token));
  if (envelope.errCode !== 0) throw new Error(`complete answered ${envelope.errCode} ${envelope.errDlt}`);
  return envelope.data as { url: string };
}
