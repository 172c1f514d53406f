/**
 * Sockets that are read through one piece of memory. For each read of a socket Node takes 64 KiB, and gives back what was
 * not needed of them: a tenth of what it costs to relay a frame. With its `onread` option all sockets may share the piece,
 * and what is read is copied to where it stays. The option is for sockets that one makes oneself, and these are made by Node
 * or a library, so it is set here where Node keeps it; where it is not found, a socket is read as ever.
 */
import type { Duplex } from 'node:stream';

const readBytes = 64 * 1024;
/**
 * Cut from one piece together. Not from Node's own pieces of 64 KiB: what a client sends in crumbs waits for the rest of
 * its frame, and each crumb would keep that much.
 */
const pieceBytes = 4096;
const mostCutBytes = 1024;

export class SharedReads {
  readonly #bytes = Buffer.allocUnsafeSlow(readBytes);
  #piece = Buffer.allocUnsafeSlow(pieceBytes);
  #cutBytes = 0;

  /** @param socket connected, with its listener for data; one that is encrypted is read as ever */
  add(socket: Duplex): void {
    if ('encrypted' in socket) return;
    // Of which much has been read before, as of a client that does not wait for its handshake: with the option Node would
    // read on while it is paused, and what comes would overtake that.
    if (socket.readableLength > 0) return;
    const { _handle: handle } = socket as { _handle?: { useUserBuffer?(bytes: Uint8Array): void } | null };
    const [bytes, onRead] = ['kBuffer', 'kBufferCb'].map((name) =>
      Object.getOwnPropertySymbols(socket).find(({ description }) => description === name),
    );
    if (handle?.useUserBuffer === undefined || bytes === undefined || onRead === undefined) return;
    Object.assign(socket, {
      [bytes]: this.#bytes,
      [onRead]: (length: number) => {
        socket.emit('data', this.#copy(length));
        return true;
      },
    });
    handle.useUserBuffer(this.#bytes);
  }

  #copy(length: number): Buffer {
    const copy = length > mostCutBytes ? Buffer.allocUnsafeSlow(length) : this.#cut(length);
    this.#bytes.copy(copy, 0, 0, length);
    return copy;
  }

  #cut(length: number): Buffer {
    if (pieceBytes - this.#cutBytes < length) {
      this.#piece = Buffer.allocUnsafeSlow(pieceBytes);
      this.#cutBytes = 0;
    }
    const start = this.#cutBytes;
    this.#cutBytes += length;
    return this.#piece.subarray(start, this.#cutBytes);
  }
}
