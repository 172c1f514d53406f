/**
 * {@link FrameClient} that speaks as the Go core does, which is inside the iOS, Android, desktop and wasm SDKs: gob, and
 * gzip around every binary frame.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { SocketReply, SocketRequest } from '../../src/protocol/frames/frames.ts';
import { replyEnvelope, requestEnvelope } from '../../src/protocol/frames/gob/envelopes.ts';
import { createStructDecoder } from '../../src/protocol/frames/gob/struct-decoder.ts';
import { createStructEncoder } from '../../src/protocol/frames/gob/struct-encoder.ts';
import { connectAs, type DialOptions, FrameClient } from './socket-client.ts';

/** A reply or push. The data is empty where the frame has none: gob does not tell these apart. */
export type GoReply = SocketReply & { readonly data: Uint8Array };

/** Connects with the query of a native SDK. The rest is as in {@link connect} of socket-client.ts. */
export function connectGo(options: DialOptions): Promise<GoClient> {
  return connectAs(GoClient, { ...options, query: { ...nativeQuery, ...options.query } });
}

/** No sdkType, and neither isMsgResp. */
const nativeQuery = { sdkType: undefined, sdkVersion: '3.8.3', compression: 'gzip' };

export class GoClient extends FrameClient {
  #increments = 0;

  /** The next frame, which must be binary. */
  async nextReply(): Promise<GoReply> {
    return decodeGoReply(gunzipSync(await this.nextBinary()));
  }

  /** Sends a request. @param fields in place of what the Go core would say */
  send(reqIdentifier: number, data: Uint8Array = new Uint8Array(), fields: Partial<SocketRequest> = {}): void {
    const msgIncr = `${this.userID}_${++this.#increments}`;
    const request = { reqIdentifier, sendID: this.userID, operationID: 'op', msgIncr, data, ...fields };
    this.ws.send(gzipSync(encodeGoRequest(request)));
  }

  /** Sends a request and takes the next frame for its reply. */
  request(reqIdentifier: number, data?: Uint8Array, fields?: Partial<SocketRequest>): Promise<GoReply> {
    this.send(reqIdentifier, data, fields);
    return this.nextReply();
  }
}

/** A request as the Go core encodes it, byte for byte; before gzip. */
export function encodeGoRequest({ reqIdentifier, sendID, operationID, msgIncr, data }: SocketRequest): Buffer {
  return encode({
    ReqIdentifier: reqIdentifier,
    Token: '',
    SendID: sendID,
    OperationID: operationID,
    MsgIncr: msgIncr,
    Data: data,
  });
}

/** @param frame after gunzip */
export function decodeGoReply(frame: Buffer): GoReply {
  const { ReqIdentifier, MsgIncr, OperationID, ErrCode, ErrMsg, Data } = decode(frame);
  return {
    reqIdentifier: ReqIdentifier,
    msgIncr: MsgIncr,
    operationID: OperationID,
    errCode: ErrCode,
    errMsg: ErrMsg,
    data: Data,
  };
}

const encode = createStructEncoder('GeneralWsReq', 64, requestEnvelope);
const decode = createStructDecoder(replyEnvelope);
