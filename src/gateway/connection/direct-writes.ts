/**
 * Writes that go to the operating system without passing through Node's stream, which takes a fifth of what it costs to
 * hand a frame to an idle socket. Node keeps what that needs to itself: where it is not found, or a socket has none of it,
 * nothing is written here, and the stream is there for it.
 */
import type { Duplex } from 'node:stream';

/** What has become of a write: the system took all of it, or will take the rest by and by. */
export type DirectWrite = 'gone' | 'leaving';

export class DirectWrites {
  readonly #node = streamWrapOfNode();
  /** Of the next write; one that is not all gone keeps it. */
  #request = this.#node && new this.#node.WriteWrap();

  /**
   * Behind whatever the socket's stream has handed over before; what the stream still keeps it would overtake. A socket
   * that fails is destroyed, as by its stream.
   * @param bytes must not change before they are gone
   * @param onGone called later, and only if the answer is 'leaving': all has left, or the socket has failed
   * @returns undefined if nothing was written: use the stream, which also tells of what is wrong with the socket
   */
  write(socket: Duplex, bytes: Buffer, onGone: () => void): DirectWrite | undefined {
    const node = this.#node;
    const request = this.#request;
    const { _handle: handle } = socket as { _handle?: StreamHandle | null };
    if (node === undefined || request === undefined || handle?.writeBuffer === undefined) return undefined;
    if (handle.writeBuffer(request, bytes) !== 0) return undefined;
    if (node.streamBaseState[node.kLastWriteWasAsync] === 0) return 'gone';
    this.#request = new node.WriteWrap();
    // Read by nobody: the system reads the bytes until they are gone.
    request.buffer = bytes;
    request.oncomplete = (status) => {
      if (status < 0) socket.destroy();
      onGone();
    };
    return 'leaving';
  }
}

/** Of a TCP socket, as Node has it. */
interface StreamHandle {
  /** @returns 0, or what is wrong, and then nothing was written */
  writeBuffer?(request: WriteRequest, bytes: Buffer): number;
}

interface WriteRequest {
  buffer?: Buffer;
  oncomplete?: (status: number) => void;
}

interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: ArrayLike<number>;
  /** Where in `streamBaseState` it says whether the last write has left something to be written. */
  readonly kLastWriteWasAsync: number;
}

function streamWrapOfNode(): StreamWrap | undefined {
  try {
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = (process as unknown as OldProcess).binding(
      'stream_wrap',
    );
    if (WriteWrap === undefined || streamBaseState === undefined || kLastWriteWasAsync === undefined) return undefined;
    return { WriteWrap, streamBaseState, kLastWriteWasAsync };
  } catch {
    return undefined;
  }
}

/** Node advises against it and has no other way. */
interface OldProcess {
  binding(name: string): Partial<StreamWrap>;
}
