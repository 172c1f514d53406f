/**
 * What decides whether a message between two users is accepted, kept for chats that are under way until something of
 * either user changes.
 */
import type { UserChangeListener } from '../database/user-changes.ts';
import type { SingleChatFacts } from '../messaging/sending-facts.ts';

interface Known {
  readonly sendID: string;
  readonly recvID: string;
  readonly facts: SingleChatFacts;
  readonly readAt: number;
}

export class KnownChats implements UserChangeListener {
  readonly #maxChats: number;
  /** By sender and conversation, the one that was read first first. */
  readonly #chats = new Map<string, Known>();
  /** By user, the number of the last change; what was read before is not right any more. */
  readonly #changes = new Map<string, number>();
  #changeCount = 0;

  constructor(maxChats = 20_000) {
    this.#maxChats = maxChats;
  }

  find(sendID: string, recvID: string, conversationID: string): SingleChatFacts | undefined {
    const known = this.#chats.get(keyOf(sendID, conversationID));
    // Other pairs may spell the same key.
    if (known === undefined || known.sendID !== sendID || known.recvID !== recvID) return undefined;
    const isRight = this.#isUnchanged(sendID, known) && this.#isUnchanged(recvID, known);
    return isRight ? known.facts : undefined;
  }

  /** To be called in the same step as `facts` were read. */
  keep(sendID: string, recvID: string, conversationID: string, facts: SingleChatFacts): void {
    const key = keyOf(sendID, conversationID);
    this.#chats.delete(key);
    this.#chats.set(key, { sendID, recvID, facts, readAt: this.#changeCount });
    if (this.#chats.size <= this.#maxChats) return;
    for (const oldest of this.#chats.keys()) {
      this.#chats.delete(oldest);
      return;
    }
  }

  changed(userIDs: ReadonlySet<string>): void {
    this.#changeCount += 1;
    for (const userID of userIDs) this.#changes.set(userID, this.#changeCount);
    if (this.#changes.size > this.#maxChats) this.anythingChanged();
  }

  anythingChanged(): void {
    this.#chats.clear();
    this.#changes.clear();
  }

  #isUnchanged(userID: string, { readAt }: Known): boolean {
    return (this.#changes.get(userID) ?? 0) <= readAt;
  }
}

function keyOf(sendID: string, conversationID: string): string {
  return `${sendID}>${conversationID}`;
}
