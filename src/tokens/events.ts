/** What the token authority tells the rest of this process, at once and in order. Never carries a token (T6). */
import type { TokenEndReason } from './token-store.ts';

export interface TokenEventMap {
  /** A token was issued and stored. */
  tokenIssued: {
    readonly userID: string;
    readonly platformID: number;
    readonly jti: string;
    /** Unix ms. */
    readonly expiresAt: number;
  };
  /** These tokens are no longer accepted: their sockets get 2002 and close. */
  tokensEnded: {
    readonly userID: string;
    readonly platformID: number;
    readonly jtis: readonly string[];
    readonly reason: TokenEndReason;
  };
  /** A newer admin token took their place: they and their sockets end at `acceptedUntil` (Unix ms). */
  tokensSuperseded: {
    readonly userID: string;
    readonly platformID: number;
    readonly jtis: readonly string[];
    readonly acceptedUntil: number;
  };
}

type Listener<Name extends keyof TokenEventMap> = (event: TokenEventMap[Name]) => void;

export class TokenEvents {
  readonly #listeners: { readonly [Name in keyof TokenEventMap]: Set<Listener<Name>> } = {
    tokenIssued: new Set(),
    tokensEnded: new Set(),
    tokensSuperseded: new Set(),
  };
  readonly #onListenerFailure: (error: unknown) => void;

  /** @param onListenerFailure hears of listeners that throw; the others still run, since what happened, happened. */
  constructor(onListenerFailure: (error: unknown) => void) {
    this.#onListenerFailure = onListenerFailure;
  }

  /** @returns a function that ends the subscription. */
  on<Name extends keyof TokenEventMap>(name: Name, listener: Listener<Name>): () => void {
    this.#listeners[name].add(listener);
    return () => this.#listeners[name].delete(listener);
  }

  emit<Name extends keyof TokenEventMap>(name: Name, event: TokenEventMap[Name]): void {
    for (const listener of this.#listeners[name]) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerFailure(error);
      }
    }
  }
}
