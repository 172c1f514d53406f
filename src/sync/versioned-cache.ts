/**
 * What is dear to read and stays right as long as a version log stands still: the IDs of a hundred thousand members, say.
 * Kept by the log's head, so that nobody has to throw anything away when something changes.
 */
import type { VersionHead, VersionKind } from './version-log-store.ts';

export interface LogName {
  readonly kind: VersionKind;
  readonly ownerID: string;
}

export class VersionedCache<Value> {
  readonly #maxWeight: number;
  readonly #weigh: (value: Value) => number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry<Value>>();
  #weight = 0;

  /** @param weigh in any unit. @param maxWeight of all values together; a heavier one is not kept */
  constructor(maxWeight: number, weigh: (value: Value) => number) {
    this.#maxWeight = maxWeight;
    this.#weigh = weigh;
  }

  /** @param read asked once for a head, also by those who come while it reads; what it rejects with is not kept */
  async get({ kind, ownerID }: LogName, head: VersionHead, read: () => Promise<Value>): Promise<Value> {
    const key = `${kind}:${ownerID}`;
    const known = this.#entries.get(key);
    if (known !== undefined && known.version === head.version && known.versionID === head.versionID) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value;
    }
    const entry: Entry<Value> = { ...head, value: read(), weight: 0 };
    this.#drop(key);
    this.#entries.set(key, entry);
    try {
      const value = await entry.value;
      if (this.#entries.get(key) === entry) this.#admit(key, entry, this.#weigh(value));
      return value;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#drop(key);
      throw error;
    }
  }

  #admit(key: string, entry: Entry<Value>, weight: number): void {
    if (weight > this.#maxWeight) {
      this.#drop(key);
      return;
    }
    entry.weight = weight;
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#maxWeight) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}

interface Entry<Value> extends VersionHead {
  readonly value: Promise<Value>;
  /** 0 while it is being read. */
  weight: number;
}
