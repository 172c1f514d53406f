/**
 * The ways in which frames can be written: a codec, gzipped or not. All connections of one way share one variant, so
 * that a push is encoded once per variant and not once per receiver. Protocol: websocket.md 2.2.
 */
import {
  type FrameCodec,
  FrameDecodeError,
  type SocketReply,
  type SocketRequest,
} from '../../protocol/frames/frames.ts';
import type { SdkType } from '../../protocol/handshake.ts';
import { binaryFrame } from './binary-frame.ts';
import { gunzipFrame, gzipFrame } from './frame-gzip.ts';

export interface FrameVariant {
  readonly codecName: FrameCodec['name'];
  /** @throws FrameDecodeError the connection is then closed without a reply */
  decodeRequest(frame: Buffer): SocketRequest;
  encodeReply(reply: SocketReply): Buffer;
}

/** The codecs that this gateway speaks, by the sdkType that asks for them. */
export type FrameCodecs = Readonly<Partial<Record<SdkType, FrameCodec>>>;

export class FrameVariants {
  readonly #plain = new Map<SdkType, FrameVariant>();
  readonly #gzipped = new Map<SdkType, FrameVariant>();

  /** @param maxInflatedBytes a gzipped request that is larger unpacked is a decode error */
  constructor(codecs: FrameCodecs, maxInflatedBytes: number) {
    for (const sdkType of ['go', 'js'] as const) {
      const codec = codecs[sdkType];
      if (codec === undefined) continue;
      this.#plain.set(sdkType, plain(codec));
      this.#gzipped.set(sdkType, gzipped(codec, maxInflatedBytes));
    }
  }

  /** Undefined if no codec serves this kind of SDK. */
  find(sdkType: SdkType, isCompressed: boolean): FrameVariant | undefined {
    return (isCompressed ? this.#gzipped : this.#plain).get(sdkType);
  }
}

/** A reply or push that is sent to many: encoded when the first receiver of a variant needs it, then shared. */
export class SharedFrame {
  readonly #makeReply: () => SocketReply;
  /** Of a few variants; most frames are encoded in one. */
  readonly #encoded: { readonly variant: FrameVariant; readonly bytes: Buffer }[] = [];
  #reply: SocketReply | undefined;

  /** @param makeReply called at most once, and not at all if nobody receives the frame */
  constructor(makeReply: () => SocketReply) {
    this.#makeReply = makeReply;
  }

  /** The whole WebSocket frame. */
  bytesFor(variant: FrameVariant): Buffer {
    for (const known of this.#encoded) if (known.variant === variant) return known.bytes;
    this.#reply ??= this.#makeReply();
    const bytes = binaryFrame(variant.encodeReply(this.#reply));
    this.#encoded.push({ variant, bytes });
    return bytes;
  }
}

function plain(codec: FrameCodec): FrameVariant {
  return {
    codecName: codec.name,
    decodeRequest: (frame) => codec.decodeRequest(frame),
    encodeReply: (reply) => codec.encodeReply(reply),
  };
}

function gzipped(codec: FrameCodec, maxInflatedBytes: number): FrameVariant {
  return {
    codecName: codec.name,
    decodeRequest: (frame) => codec.decodeRequest(inflate(frame, maxInflatedBytes)),
    encodeReply: (reply) => gzipFrame(codec.encodeReply(reply)),
  };
}

function inflate(frame: Buffer, maxOutputLength: number): Buffer {
  try {
    return gunzipFrame(frame, maxOutputLength);
  } catch {
    throw new FrameDecodeError('not gzip, or too large unpacked');
  }
}
