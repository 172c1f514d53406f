/** Between an endpoint's schemas and the bytes on the wire: JSON, or protobuf where an endpoint offers it. */
import { forEachInSlices } from '../kernel/time-slices.ts';
import { type WireBounds, widestBounds } from '../protocol/bounds.ts';
import { decodeChecked } from '../protocol/checked-message.ts';
import { errors } from '../protocol/errors.ts';
import {
  compileRequestDecoder,
  compileResponseEncoder,
  compileResponsePieces,
  parseJsonBody,
} from '../protocol/wire/wire-json.ts';
import type { Endpoint } from './endpoint.ts';

export interface Binding {
  /** @throws 1001 (500 for protobuf) if the bytes are not such a request */
  decode(bytes: Uint8Array): unknown;
  /**
   * The envelope's `data` as JSON text; undefined for an endpoint that answers nothing. A promise for long lists, which
   * are written in slices of time.
   */
  encode(result: unknown): string | undefined | Promise<Buffer>;
}

/** Compiles once; the function returned chooses by the request's Content-Type. */
export function compileBinding(
  endpoint: Endpoint,
  bounds: WireBounds = widestBounds,
): (contentType: string | undefined) => Binding {
  const json = jsonBinding(endpoint, bounds);
  if (endpoint.protobuf === undefined) return () => json;

  const protobuf = protobufBinding(endpoint.protobuf, bounds);
  return (contentType = '') => {
    if (contentType === '' || contentType.includes('application/json')) return json;
    if (/application\/(?:x-)?protobuf/.test(contentType)) return protobuf;
    throw errors.args('unsupported content type');
  };
}

function jsonBinding(endpoint: Endpoint, bounds: WireBounds): Binding {
  const decode = compileRequestDecoder(endpoint.request, bounds);
  return { decode: (bytes) => decode(parseJsonBody(bytes)), encode: jsonEncoder(endpoint.response) };
}

function jsonEncoder(response: Endpoint['response']): Binding['encode'] {
  if (response === undefined) return () => undefined;
  const encode = compileResponseEncoder(response);
  const piecesOf = compileResponsePieces(response);
  return (result) => {
    const pieces = piecesOf(result as Parameters<typeof piecesOf>[0]);
    return pieces === undefined ? encode(result as Parameters<typeof encode>[0]) : joinInSlices(pieces);
  };
}

/** To bytes as they come: making one flat text of very many pieces holds up everybody again. */
async function joinInSlices(pieces: Iterable<string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let text = '';
  await forEachInSlices(pieces, (piece) => {
    text += piece;
    if (text.length < chunkLength) return;
    chunks.push(Buffer.from(text));
    text = '';
  });
  chunks.push(Buffer.from(text));
  return Buffer.concat(chunks);
}

const chunkLength = 64 * 1024;

function protobufBinding(variant: NonNullable<Endpoint['protobuf']>, bounds: WireBounds): Binding {
  return {
    decode: (bytes) => decodeChecked(variant.decode, bytes, bounds, undecodable),
    encode: (result) => `"${Buffer.from(variant.encode(result)).toString('base64')}"`,
  };
}

const undecodable = () => errors.internal('body is not the expected protobuf message');
