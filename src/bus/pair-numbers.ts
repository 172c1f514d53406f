/**
 * Numbers of publications, per pair of nodes: whoever receives sees what it has not got. The last number comes with every
 * pulse, so that the loss of the last publication shows too.
 */

/** The sender's part. */
export class SentNumbers {
  readonly #last = new Map<string, number>();

  next(nodeID: string): number {
    const number = this.last(nodeID) + 1;
    this.#last.set(nodeID, number);
    return number;
  }

  last(nodeID: string): number {
    return this.#last.get(nodeID) ?? 0;
  }

  /** It is not coming back: a process that starts again is another node. */
  forget(nodeID: string): void {
    this.#last.delete(nodeID);
  }
}

interface Heard {
  /** Undefined: whatever comes next, since what was before has been read from the database, or will be. */
  expected: number | undefined;
  heardAtMs: number;
}

/** The receiver's part. */
export class HeardNumbers {
  readonly #nodes = new Map<string, Heard>();

  /**
   * A publication has come, or word of which was the last one.
   * @returns whether something before it has not
   */
  note(nodeID: string, number: number, isPulse: boolean, nowMs: number): boolean {
    // Of whoever is new to us there may be what was told to nobody, since we were not known yet.
    const heard = this.#nodes.get(nodeID) ?? { expected: undefined, heardAtMs: nowMs };
    this.#nodes.set(nodeID, heard);
    const { expected } = heard;
    heard.heardAtMs = nowMs;
    const next = number + 1;
    // To whom we were gone for a while, that one begins anew.
    const hasBegunAnew = isPulse && expected !== undefined && next < expected;
    heard.expected = hasBegunAnew ? next : Math.max(expected ?? 0, next);
    return expected === undefined || hasBegunAnew || (isPulse ? next : number) > expected;
  }

  /** Those heard from since then. */
  since(ms: number): readonly string[] {
    return [...this.#nodes].flatMap(([nodeID, { heardAtMs }]) => (heardAtMs >= ms ? [nodeID] : []));
  }

  /** Publications of all may have been missed. */
  doubt(): void {
    for (const heard of this.#nodes.values()) heard.expected = undefined;
  }

  forget(nodeID: string): void {
    this.#nodes.delete(nodeID);
  }
}
