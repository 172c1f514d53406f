/**
 * Reads what a client says in the query string of its socket request. Nothing is verified here: the token is only
 * carried. Protocol: websocket.md 1.2, 1.3, 1.5 (step 2), 1.6.
 */

import { exceedsBytes, widestBounds } from './bounds.ts';
import { errors, ProtocolError } from './errors.ts';
import { isKnownPlatform, type PlatformID } from './numbers/platforms.ts';
import { compileRequestDecoder, parseJsonBody } from './wire/wire-json.ts';
import { Wire, type WireRequest } from './wire/wire-schema.ts';

export interface HandshakeParams {
  /** The query's sendID; must be the token's user. */
  readonly userID: string;
  readonly platformID: PlatformID;
  readonly token: string;
  readonly operationID: string;
  readonly isBackground: boolean;
  /** The client waits for the handshake's result as its first text frame (isMsgResp). */
  readonly wantsReply: boolean;
  /** Every binary frame is gzipped, both ways. */
  readonly isCompressed: boolean;
  readonly sdkType: SdkType;
  /** Informational; '' when not given. */
  readonly sdkVersion: string;
}

/** Decides the frame codec: `go` speaks gob, `js` JSON. */
export type SdkType = 'go' | 'js';

/**
 * Parses the query. `query` is what follows the `?` as node:http gives it, values escaped or not;
 * `compressionHeader` is the request header `compression`, consulted when the query has none.
 *
 * Throws errors.handshakeArgs (1602) with the protocol's exact details, or errors.internal (500, `invalid syntax`) for
 * a missing or malformed isBackground.
 */
export function parseHandshake(query: string, compressionHeader?: string): HandshakeParams {
  const params = readQuery(query);
  const packed = params.get('v') ?? '';
  return check(packed === '' ? fromQuery(params, compressionHeader) : fromPacked(packed));
}

/** Whether the client reads text frames only: an early look for failures that come before parsing. Never throws. */
export function wantsMessageReply(query: string): boolean {
  const params = readQuery(query);
  const packed = params.get('v') ?? '';
  if (packed === '') return parseBool(params.get('isMsgResp') ?? '') === true;
  try {
    return fromPacked(packed).wantsReply;
  } catch {
    return false;
  }
}

/** Not checked yet: platform and SDK are what the client wrote. */
type UncheckedParams = Omit<HandshakeParams, 'platformID' | 'sdkType'> & {
  readonly platformID: number;
  readonly sdkType: string;
};

/** The form of every published SDK: one query parameter each. The order of checks is the protocol's. */
function fromQuery(params: URLSearchParams, compressionHeader: string | undefined): UncheckedParams {
  const text = (name: string): string => params.get(name) ?? '';

  const platformID = parseInteger(text('platformID'));
  if (platformID === undefined) throw errors.handshakeArgs('platformID is not int');
  const wantsReply = text('isMsgResp') === '' ? false : parseBool(text('isMsgResp'));
  if (wantsReply === undefined) throw errors.handshakeArgs('isMsgResp is not bool');
  const isBackground = parseBool(text('isBackground'));
  if (isBackground === undefined) throw errors.internal('invalid syntax');

  return {
    userID: text('sendID'),
    platformID,
    token: text('token'),
    operationID: text('operationID'),
    isBackground,
    wantsReply,
    isCompressed: (text('compression') || (compressionHeader ?? '')) === 'gzip',
    sdkType: text('sdkType'),
    sdkVersion: text('sdkVersion'),
  };
}

const packedSchema = Wire.object({
  token: Wire.string(),
  userID: Wire.id(),
  platformID: Wire.int64(),
  operationID: Wire.id(),
  compression: Wire.string(),
  sdkType: Wire.string(),
  sendResponse: Wire.bool(),
  background: Wire.bool(),
  sdkVersion: Wire.string(),
});

/** The `v` form: all parameters in one JSON object. No SDK uses it today. */
function fromPacked(packed: string): UncheckedParams {
  const fields = decodePacked(packed);
  return {
    userID: fields.userID,
    platformID: fields.platformID,
    token: fields.token,
    operationID: fields.operationID,
    isBackground: fields.background,
    wantsReply: fields.sendResponse,
    isCompressed: fields.compression === 'gzip',
    sdkType: fields.sdkType,
    sdkVersion: fields.sdkVersion,
  };
}

function decodePacked(packed: string): WireRequest<typeof packedSchema> {
  if (!unpaddedUrlBase64.test(packed) || packed.length % 4 === 1) throw errors.handshakeArgs('data is not base64');
  try {
    return compileRequestDecoder(packedSchema)(parseJsonBody(Buffer.from(packed, 'base64url')));
  } catch (error) {
    if (error instanceof ProtocolError) throw errors.handshakeArgs(`data is not json, info=${error.detail}`);
    throw error;
  }
}

function check(params: UncheckedParams): HandshakeParams {
  if (params.operationID === '') throw errors.handshakeArgs('operationID is empty');
  for (const id of [params.operationID, params.userID]) {
    if (exceedsBytes(id, widestBounds.maxIdBytes)) throw errors.handshakeArgs('an ID is too long');
  }
  if (params.token === '') throw errors.handshakeArgs('token is empty');
  if (params.userID === '') throw errors.handshakeArgs('sendID is empty');
  const { platformID } = params;
  if (!isKnownPlatform(platformID)) throw errors.handshakeArgs('platformID is invalid');
  const sdkType = params.sdkType === '' ? 'go' : params.sdkType;
  if (sdkType !== 'go' && sdkType !== 'js') throw errors.handshakeArgs('sdkType is invalid');
  return { ...params, platformID, sdkType };
}

const unpaddedUrlBase64 = /^[\w-]+$/;
const notLatin1 = /[\u0100-\uffff]/;

/** Native SDKs do not escape: node:http hands their UTF-8 bytes over as one character each. */
function readQuery(query: string): URLSearchParams {
  return new URLSearchParams(notLatin1.test(query) ? query : Buffer.from(query, 'latin1').toString('utf8'));
}

function parseInteger(text: string): number | undefined {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Go's bool literals. */
function parseBool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  return undefined;
}
