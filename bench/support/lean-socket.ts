/**
 * A WebSocket client with next to no cost of its own, so that a load generator on one core outruns the server on the
 * other: frames go out with an all-zero mask, which RFC 6455 allows and which leaves the payload as it is.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export class LeanSocket {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #onFrame: (payload: Buffer) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Resolves when upgraded. @param url ws://host:port/... */
  static open(url: string): Promise<LeanSocket> {
    const { hostname, port, pathname, search } = new URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<LeanSocket>();
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.on('error', reject);
    socket.on('connect', () => socket.write(upgradeRequest(pathname + search)));
    const lean = new LeanSocket(socket);
    socket.once('data', (answer) => {
      const end = answer.indexOf('\r\n\r\n');
      if (!answer.toString('latin1').startsWith('HTTP/1.1 101 ') || end === -1) {
        reject(new Error(`the handshake was answered with ${answer.toString('latin1').slice(0, 300)}`));
        return;
      }
      socket.on('data', (chunk) => lean.#read(chunk));
      lean.#read(answer.subarray(end + 4));
      resolve(lean);
    });
    return promise;
  }

  /** Called with the payload of each data frame; pings are answered here. */
  onFrame(listener: (payload: Buffer) => void): void {
    this.#onFrame = listener;
  }

  /** Sends a binary frame. */
  send(payload: string | Buffer): void {
    const length = Buffer.byteLength(payload);
    const frame = Buffer.allocUnsafe(8 + length);
    frame[0] = 0x82;
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
    frame.writeUInt32BE(0, 4);
    if (typeof payload === 'string') frame.write(payload, 8);
    else frame.set(payload, 8);
    this.#socket.write(frame);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = headOf(bytes);
      if (head === undefined || bytes.length < head.start + head.length) break;
      const payload = bytes.subarray(head.start, head.start + head.length);
      bytes = bytes.subarray(head.start + head.length);
      if (head.opcode === 1 || head.opcode === 2) this.#onFrame(payload);
      else if (head.opcode === 9) this.#socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
    }
    this.#rest = bytes;
  }
}

/** Undefined if more bytes are needed. */
function headOf(bytes: Buffer): { opcode: number; start: number; length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = bytes[0]! & 0x0f;
  const short = bytes[1]! & 0x7f;
  if (short < 126) return { opcode, start: 2, length: short };
  if (short === 126) return bytes.length < 4 ? undefined : { opcode, start: 4, length: bytes.readUInt16BE(2) };
  return bytes.length < 10 ? undefined : { opcode, start: 10, length: Number(bytes.readBigUInt64BE(2)) };
}

function upgradeRequest(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n');
}
