/** GET /object/{name}: anybody who knows a name may have what it names (objects chapter, 1.13). */
import type { ObjectContent, Objects } from '../../files/objects.ts';
import type { Thumbnail } from '../../files/thumbnails.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Exchange } from '../exchange.ts';
import { contentTypes } from '../response-headers.ts';
import { rangeOf } from './byte-range.ts';

/** Nothing that a browser shows under our address may do anything there. */
const harmless = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
  'Cross-Origin-Resource-Policy': 'cross-origin',
} as const;

export async function serveObject(exchange: Exchange, objects: Objects): Promise<void> {
  const { path, query } = partsOfUrl(exchange.request.url ?? '');
  try {
    const name = decodeURIComponent(path.slice('/object/'.length));
    const { thumbnail, original } = await objects.find(name, query);
    if (thumbnail !== undefined && (await sendThumbnail(exchange, thumbnail))) return;
    if (original.address === undefined) return await sendHere(exchange, original);
    await exchange.stream({ status: 302, code: 0, headers: { Location: original.address() } }, undefined);
  } catch (error) {
    await refuse(exchange, error);
  }
}

/** One that the client has is not made again. @returns false if it is to be answered with the original */
async function sendThumbnail(exchange: Exchange, thumbnail: Thumbnail): Promise<boolean> {
  const tag = `"${thumbnail.tag}"`;
  if (isNamed(exchange.request.headers['if-none-match'], tag)) {
    const headers = { ...harmless, ETag: tag, 'Cache-Control': revalidated };
    await exchange.stream({ status: 304, code: 0, headers }, undefined);
    return true;
  }
  const made = await thumbnail.make();
  if (made === undefined) return false;
  await sendHere(exchange, made);
  return true;
}

/** A name may come to name something else: its tag says whether it has. */
const revalidated = 'no-cache';

async function sendHere(exchange: Exchange, content: ObjectContent): Promise<void> {
  const { method, headers: asked } = exchange.request;
  const { size, presentation } = content;
  const tag = `"${content.tag}"`;
  const headers: Record<string, string> = {
    ...harmless,
    'Content-Type': presentation.contentType,
    ETag: tag,
    'Accept-Ranges': 'bytes',
    'Cache-Control': revalidated,
  };
  if (presentation.disposition !== undefined) headers['Content-Disposition'] = presentation.disposition;
  if (isNamed(asked['if-none-match'], tag)) return exchange.stream({ status: 304, code: 0, headers }, undefined);
  const isAsBefore = asked['if-range'] === undefined || asked['if-range'] === tag;
  const range = method === 'GET' && isAsBefore ? rangeOf(asked.range, size) : undefined;
  if (range === 'none') {
    headers['Content-Range'] = `bytes */${size}`;
    return exchange.stream({ status: 416, code: 416, headers: { ...headers, 'Content-Length': '0' } }, undefined);
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  headers['Content-Length'] = String(last - first + 1);
  if (range !== undefined) headers['Content-Range'] = `bytes ${first}-${last}/${size}`;
  const body = method === 'HEAD' ? undefined : content.open(first, last);
  await exchange.stream({ status: range === undefined ? 200 : 206, code: 0, headers }, body);
}

/** By weak comparison (RFC 9110, section 13.1.2). */
function isNamed(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === tag);
}

async function refuse(exchange: Exchange, error: unknown): Promise<void> {
  const status = statusOf(error);
  if (status === 500) exchange.logOurFault(error);
  const text = error instanceof ProtocolError ? error.message : status === 400 ? 'malformed URL' : 'internal error';
  await exchange.send({ status, code: status, contentType: contentTypes.text, body: text });
}

function statusOf(error: unknown): number {
  if (error instanceof URIError) return 400;
  if (!(error instanceof ProtocolError)) return 500;
  return error.code === 1001 ? 400 : error.code === 1004 ? 404 : 500;
}

/** Not by URL, which would take `..` out of a path. */
export function partsOfUrl(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const end = url.indexOf('?');
  return end === -1
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, end), query: new URLSearchParams(url.slice(end + 1)) };
}
