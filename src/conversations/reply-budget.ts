/**
 * What a reply may take. The Go core ends its connection at a frame that is larger than it reads, and asks for the same
 * again, for ever: a reply is therefore counted while it is read (conversations-messages chapter, 8.3).
 */

/** Messages in one reply: what a client asks for stays far below, what an attacker asks for stays bounded. */
const maxMessages = 1000;

/** Of a frame: identifiers, operationID and what the codec adds. */
const envelopeBytes = 4096;

/** Bytes of payload that fit a frame of `frameBytes` in every codec: JSON carries them as base64. */
export function payloadBytes(frameBytes: number): number {
  return Math.floor(((frameBytes - envelopeBytes) * 3) / 4);
}

export class ReplyBudget {
  #bytesLeft: number;
  #messagesLeft: number;

  constructor(bytes: number, messages: number = maxMessages) {
    this.#bytesLeft = bytes;
    this.#messagesLeft = messages;
  }

  get bytesLeft(): number {
    return this.#bytesLeft;
  }

  get messagesLeft(): number {
    return this.#messagesLeft;
  }

  /** Takes room for a map's entry without its value. @returns false, and takes nothing, if there is none */
  takeKey(key: string, valueBytes = 0): boolean {
    return this.#take(Buffer.byteLength(key) + keyOverheadBytes + valueBytes);
  }

  /** Takes room for a message, leaving `reservedBytes`. @returns false, and takes nothing, if there is none */
  takeMessage(body: Uint8Array, reservedBytes = 0): boolean {
    if (this.#messagesLeft <= 0 || !this.#take(body.length + bodyOverheadBytes, reservedBytes)) return false;
    this.#messagesLeft -= 1;
    return true;
  }

  #take(bytes: number, reservedBytes = 0): boolean {
    if (bytes > this.#bytesLeft - reservedBytes) return false;
    this.#bytesLeft -= bytes;
    return true;
  }
}

/** Tags and lengths of a map's entry, and the two marks of PullMsgs. */
const keyOverheadBytes = 32;
/** Tag and length of a message in a list. */
const bodyOverheadBytes = 6;
