/**
 * Answers a client's pings. Of those that come while many answers have not left yet, only the newest is answered (RFC 6455,
 * 5.5.3): a client that does not read costs little, and one whose pings have piled up on their way stays connected. The
 * library would cut it off, without a word.
 */
import type { WebSocket } from 'ws';

/** Clients ping every few seconds: as long as they read, each is answered. */
const mostUnderWay = 64;

export class Pongs {
  readonly #ws: Pick<WebSocket, 'pong'>;
  #underWay = 0;
  #owed: Buffer | undefined;

  constructor(ws: Pick<WebSocket, 'pong'>) {
    this.#ws = ws;
  }

  /** @param payload of the ping; may be part of something larger, which is not kept */
  answer(payload: Buffer): void {
    const own = Buffer.allocUnsafeSlow(payload.length);
    own.set(payload);
    if (this.#underWay < mostUnderWay) this.#send(own);
    else this.#owed = own;
  }

  #send(payload: Buffer): void {
    this.#underWay += 1;
    this.#ws.pong(payload, false, () => this.#onGone());
  }

  #onGone(): void {
    this.#underWay -= 1;
    const owed = this.#owed;
    if (owed === undefined) return;
    this.#owed = undefined;
    this.#send(owed);
  }
}
