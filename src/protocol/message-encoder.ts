/**
 * Encodes protobuf messages one after another in the same memory. A writer of the library's begins with none and takes
 * ever larger pieces until the message fits, which costs more than the encoding; for what every message sent needs.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';

interface Encodable<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

export class MessageEncoder {
  #writer = new BinaryWriter();

  /** The bytes are the caller's own. @throws Error for a value that its field cannot hold */
  encode<Message>(type: Encodable<Message>, message: Message): Uint8Array {
    try {
      return type.encode(message, this.#writer).finish();
    } catch (error) {
      // What it holds of this message must not come before the next one.
      this.#writer = new BinaryWriter();
      throw error;
    }
  }
}
