/** What all clients of bench/mixed know together, against which each one's view and the database are held. */

export interface SentMessage {
  readonly clientMsgID: string;
  readonly conversationID: string;
  readonly serverMsgID: string;
}

export class MixedRecord {
  /** What was acknowledged. */
  readonly acknowledged = new Map<string, SentMessage>();
  /** `conversationID/seq` of what was erased for everybody, from before the call. */
  readonly erased = new Set<string>();
  /** `conversationID/seq` of what was taken back. */
  readonly revoked = new Set<string>();
  readonly faults: string[] = [];
  faultCount = 0;
  /** By conversation and seq: the clientMsgID that whoever saw it first saw. */
  readonly #seen = new Map<string, (string | undefined)[]>();

  wasErased({ conversationID, clientMsgID }: SentMessage): boolean {
    const seen = this.#seen.get(conversationID) ?? [];
    return seen.some((id, seq) => id === clientMsgID && this.erased.has(`${conversationID}/${seq}`));
  }

  fault(text: string): void {
    this.faultCount += 1;
    if (this.faults.length < 100) this.faults.push(text);
  }

  /** All who see a seq see the same message, whose ID is empty where nothing is left of it. */
  see(userID: string, conversationID: string, seq: number, clientMsgID: string): void {
    if (clientMsgID === '') return;
    const seen = this.#seen.get(conversationID) ?? [];
    this.#seen.set(conversationID, seen);
    const known = seen[seq];
    if (known === undefined) seen[seq] = clientMsgID;
    else if (known !== clientMsgID) {
      this.fault(`${userID} sees ${clientMsgID} as ${conversationID}/${seq}, others see ${known}`);
    }
  }
}
