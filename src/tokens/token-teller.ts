/**
 * What the world outside is to hear of tokens. It goes with a change through the stores, and is written in the transaction
 * of the change, or in one that the change is acknowledged after: what was answered for is told, whatever dies.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { TokenEventMap } from './events.ts';

export type ToldOfTokens =
  | ({ readonly kind: 'issued' } & TokenEventMap['tokenIssued'])
  | ({ readonly kind: 'ended' } & Omit<TokenEventMap['tokensEnded'], 'origin'>)
  | ({ readonly kind: 'cutOff' } & Omit<TokenEventMap['cutoffRaised'], 'origin'>);

export interface TokenTeller {
  /** Takes locks: call it once in a transaction, and late. */
  tell(tx: Transaction, told: readonly ToldOfTokens[]): Promise<void>;
}

/** What is to be told of a change, whose outcome only the store knows. */
export interface Telling<Outcome> {
  readonly teller: TokenTeller;
  readonly of: (outcome: Outcome) => readonly ToldOfTokens[];
}
