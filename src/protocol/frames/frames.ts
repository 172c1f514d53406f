/**
 * What a socket's binary frames carry, whatever their encoding. Protocol: websocket.md 2.3 and 2.4.
 */

/** A client's request. Fields missing on the wire are 0, '' or empty. */
export interface SocketRequest {
  readonly reqIdentifier: number;
  /** Must be the connection's user; the session checks. */
  readonly sendID: string;
  readonly operationID: string;
  /** The client's correlation key: echoed as it is. */
  readonly msgIncr: string;
  /** The protobuf request. */
  readonly data: Uint8Array;
}

/** A reply, or a push (with an empty msgIncr). */
export interface SocketReply {
  readonly reqIdentifier: number;
  readonly msgIncr: string;
  readonly operationID: string;
  /** 0 is success. */
  readonly errCode: number;
  readonly errMsg: string;
  /** The protobuf answer; null where the protocol has none (errors, kicks), which is not the same as empty. */
  readonly data: Uint8Array | null;
}

/** One way to write requests and replies as the bytes of a frame (after gunzip, before gzip). */
export interface FrameCodec {
  readonly name: 'json' | 'gob';
  /** Throws FrameDecodeError: the connection is then closed without a reply. */
  decodeRequest(frame: Buffer): SocketRequest;
  encodeReply(reply: SocketReply): Buffer;
}

/** A frame that cannot be understood. Its message is for logs and holds nothing of the frame's content. */
export class FrameDecodeError extends Error {
  override readonly name = 'FrameDecodeError';
}
