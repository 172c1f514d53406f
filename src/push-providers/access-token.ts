/** What a push service gives for its credentials, and takes with every call for a while. */

export interface FetchedToken {
  readonly value: string;
  /** Unix ms. */
  readonly renewAt: number;
}

export class AccessToken {
  readonly #fetch: (signal: AbortSignal) => Promise<FetchedToken>;
  readonly #now: () => number;
  #token: FetchedToken | undefined;
  #fetching: Promise<FetchedToken> | undefined;

  /** @param now Unix ms */
  constructor(fetch: (signal: AbortSignal) => Promise<FetchedToken>, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Those who come while it is being got share it. Rejects if it cannot be got. */
  async get(signal: AbortSignal): Promise<string> {
    if (this.#token !== undefined && this.#now() < this.#token.renewAt) return this.#token.value;
    this.#fetching ??= this.#fetch(signal).finally(() => {
      this.#fetching = undefined;
    });
    this.#token = await this.#fetching;
    return this.#token.value;
  }

  /** The service does not take it any more. */
  drop(value: string): void {
    if (this.#token?.value === value) this.#token = undefined;
  }
}
