/** The client's side of every way in which frames are written. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { SocketReply, SocketRequest } from '../../../src/protocol/frames/frames.ts';
import { replyEnvelope, requestEnvelope } from '../../../src/protocol/frames/gob/envelopes.ts';
import { createStructDecoder } from '../../../src/protocol/frames/gob/struct-decoder.ts';
import { createStructEncoder } from '../../../src/protocol/frames/gob/struct-encoder.ts';

export interface ClientCodec {
  readonly name: string;
  readonly isGzipped: boolean;
  /** What the handshake says of it. */
  readonly query: Readonly<Record<string, string>>;
  /** Before gzip. */
  encode(request: SocketRequest): Buffer;
  wrap(frame: Buffer): Buffer;
  /** After gunzip. */
  decode(frame: Buffer): Pick<SocketReply, 'reqIdentifier' | 'msgIncr' | 'errCode'> & { readonly data: Buffer };
  unwrap(frame: Buffer): Buffer;
}

const encodeGob = createStructEncoder('GeneralWsReq', 64, requestEnvelope);
const decodeGob = createStructDecoder(replyEnvelope);

const json = {
  name: 'json',
  query: { sdkType: 'js' },
  encode: ({ data, ...envelope }: SocketRequest) =>
    Buffer.from(JSON.stringify({ ...envelope, data: Buffer.from(data).toString('base64') })),
  decode: (frame: Buffer) => {
    const { data, ...reply } = JSON.parse(frame.toString());
    return { ...reply, data: Buffer.from(data ?? '', 'base64') };
  },
};

const gob = {
  name: 'gob',
  query: { sdkType: 'go' },
  encode: ({ reqIdentifier, sendID, operationID, msgIncr, data }: SocketRequest) =>
    encodeGob({
      ReqIdentifier: reqIdentifier,
      Token: '',
      SendID: sendID,
      OperationID: operationID,
      MsgIncr: msgIncr,
      Data: data,
    }),
  decode: (frame: Buffer) => {
    const { ReqIdentifier, MsgIncr, ErrCode, Data } = decodeGob(frame);
    return { reqIdentifier: ReqIdentifier, msgIncr: MsgIncr, errCode: ErrCode, data: Buffer.from(Data) };
  },
};

export const clientCodecs: readonly ClientCodec[] = [json, gob].flatMap((codec) => [
  { ...codec, isGzipped: false, wrap: asItIs, unwrap: asItIs },
  {
    ...codec,
    name: `${codec.name}+gzip`,
    query: { ...codec.query, compression: 'gzip' },
    isGzipped: true,
    wrap: (frame: Buffer) => gzipSync(frame),
    unwrap: (frame: Buffer) => gunzipSync(frame),
  },
]);

function asItIs(frame: Buffer): Buffer {
  return frame;
}
