/**
 * The frame codec of the Go core (sdkType=go, the default), which is inside the iOS, Android, desktop and wasm SDKs: one
 * gob stream per frame. Protocol: websocket.md 2.6.
 */
import { exceedsBytes, widestBounds } from '../bounds.ts';
import { type FrameCodec, FrameDecodeError } from './frames.ts';
import { replyEnvelope, requestEnvelope } from './gob/envelopes.ts';
import { createStructDecoder } from './gob/struct-decoder.ts';
import { createStructEncoder } from './gob/struct-encoder.ts';

/** Makes the codec. It keeps no state: one serves all connections. The data of a request is a view into its frame. */
export function createGobFrameCodec(): FrameCodec {
  const decode = createStructDecoder(requestEnvelope);
  const encode = createStructEncoder('Resp', 65, replyEnvelope);
  return {
    name: 'gob',
    decodeRequest: (frame) => {
      const { ReqIdentifier, SendID, OperationID, MsgIncr, Data } = decode(frame);
      for (const id of [SendID, OperationID, MsgIncr]) {
        if (exceedsBytes(id, widestBounds.maxIdBytes)) throw new FrameDecodeError('an ID is too long');
      }
      return { reqIdentifier: ReqIdentifier, sendID: SendID, operationID: OperationID, msgIncr: MsgIncr, data: Data };
    },
    encodeReply: ({ reqIdentifier, msgIncr, operationID, errCode, errMsg, data }) =>
      encode({
        ReqIdentifier: reqIdentifier,
        MsgIncr: msgIncr,
        OperationID: operationID,
        ErrCode: errCode,
        ErrMsg: errMsg,
        // Gob does not tell no data from empty data.
        Data: data ?? noData,
      }),
  };
}

const noData = new Uint8Array();
