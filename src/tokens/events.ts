/** What the token authority tells the rest of this process, at once and in order. Never carries a token (T6). */
import type { CallContext } from '../kernel/caller.ts';
import type { LossCause, TokenEndReason } from './token-store.ts';

/** Who caused something, and in which call. */
export interface Actor {
  /** Empty: nobody in particular, such as whoever knew the admin secret. */
  readonly userID: string;
  readonly operationID: string;
}

export const nobody: Actor = { userID: '', operationID: '' };

export function actorOf({ caller, operationID }: CallContext): Actor {
  return { userID: caller.userID, operationID };
}

/** `here`: this node did it. `elsewhere`: heard from the store; also an echo of what this node did. */
export type Origin = 'here' | 'elsewhere';

export interface TokenEventMap {
  /** A token was issued and stored. */
  tokenIssued: {
    readonly userID: string;
    readonly platformID: number;
    readonly jti: string;
    /** Unix ms. */
    readonly expiresAt: number;
    readonly by: Actor;
    readonly how: 'login' | 'renewal';
    /** The token whose place it took; undefined of a login. */
    readonly renews?: string;
  };
  /** These tokens are no longer accepted: their sockets get 2002 and close. */
  tokensEnded: {
    readonly userID: string;
    readonly platformID: number;
    readonly jtis: readonly string[];
    readonly reason: TokenEndReason;
    readonly origin: Origin;
    readonly by: Actor;
  };
  /** Newer tokens took their place: they and their sockets end at `acceptedUntil` (Unix ms). */
  tokensSuperseded: {
    readonly userID: string;
    readonly jtis: readonly string[];
    readonly acceptedUntil: number;
    readonly origin: Origin;
  };
  /**
   * Tokens issued before `notBefore` (Unix ms) are no longer accepted: of a user or, if empty, of everyone. With `spares` all
   * but the one of that jti: see {@link CutoffsButOne}.
   */
  cutoffRaised: {
    readonly userID: string;
    /** 0: every platform. */
    readonly platformID: number;
    readonly notBefore: number;
    readonly spares?: string;
    readonly origin: Origin;
    readonly by: Actor;
  };
  /** A verification, by its protocol code; 0 is accepted. */
  tokenVerified: { readonly code: number; readonly wasCached: boolean };
  /** Somebody got no token, or was turned away with one that is correctly signed and current. */
  tokenRefused: {
    readonly what: 'issue' | 'use';
    readonly code: number;
    readonly userID: string;
    readonly platformID: number;
    readonly jti: string;
    readonly by: Actor;
  };
  /** The store no longer knows a token of ours that is signed, unexpired and was never revoked. */
  tokenLost: {
    readonly userID: string;
    readonly platformID: number;
    readonly jti: string;
    readonly issuedAt: number;
    readonly expiresAt: number;
    readonly cause: LossCause;
  };
  /** The store has a record that nobody can read: its token is not accepted. Once for each. */
  tokenUnreadable: { readonly userID: string; readonly jti: string };
  /** A token that an OpenIM server issued was taken in. */
  tokenImported: { readonly userID: string; readonly platformID: number; readonly jti: string };
  /** The store cannot be asked. `accepting`: signed tokens are let in for now. */
  storeDown: { readonly accepting: boolean; readonly error: unknown };
  storeUp: { readonly acceptedMeanwhile: number };
  /** Tokens signed with other keys than these, by `kid`, are no longer accepted. */
  keysReplaced: { readonly kids: ReadonlySet<string> };
  /** Whether this node hears of what other nodes do to tokens. */
  hearing: { readonly isHearing: boolean };
}

type Listener<Name extends keyof TokenEventMap> = (event: TokenEventMap[Name]) => void;

export class TokenEvents {
  readonly #listeners = new Map<keyof TokenEventMap, Set<Listener<never>>>();
  readonly #onListenerFailure: (error: unknown) => void;

  /** @param onListenerFailure hears of listeners that throw; the others still run, since what happened, happened. */
  constructor(onListenerFailure: (error: unknown) => void) {
    this.#onListenerFailure = onListenerFailure;
  }

  /** @returns a function that ends the subscription. */
  on<Name extends keyof TokenEventMap>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listenersOf(name);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof TokenEventMap>(name: Name, event: TokenEventMap[Name]): void {
    for (const listener of this.#listenersOf(name)) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerFailure(error);
      }
    }
  }

  #listenersOf<Name extends keyof TokenEventMap>(name: Name): Set<Listener<Name>> {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    return listeners as Set<Listener<Name>>;
  }
}
