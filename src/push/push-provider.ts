/** A push service, as the push domain sees it; adapters are in src/push-providers. Protocol: objects-push-webhooks.md 2.5. */
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import type { PushToken } from './push-token.ts';

/** What is shown, to everybody the same. */
export interface PushContent {
  /** The same however often it is sent: a device shows what comes twice once, where its service can do that. */
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly clientMsgID: string;
  /** The application's own text. */
  readonly ex: string;
  /** `iOSPushSound`; empty: none is named. */
  readonly sound: string;
  /** Of the request that caused it. */
  readonly operationID: string;
}

/** Whom a service is to wake. */
export interface PushTarget {
  readonly userID: string;
  /** Undefined where the service knows users by their ID. */
  readonly device?: PushToken;
  /** The number on the icon; undefined: it stays as it is. */
  readonly badge?: number;
}

/**
 * What became of one target. `dead`: the service does not know the device any more, as of `since` (Unix ms) if it says so.
 * `refused`: it never will be sent. `later`: to be tried again, after a time if the service has named one. Reasons are for
 * operators: they hold no address and nothing a client has said.
 */
export type PushOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'dead'; readonly since?: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs?: number };

export interface PushProvider {
  readonly name: PushProviderName;
  /** Whether it wakes registered devices, or users by an alias that their applications have taken with it. */
  readonly addresses: 'devices' | 'users';
  /** Targets of one {@link PushProvider.send} at the most. */
  readonly maxTargets: number;
  /** Never rejects for what the service says, or does not say: that is an outcome. @returns one for each target, in order */
  send(content: PushContent, targets: readonly PushTarget[], signal: AbortSignal): Promise<readonly PushOutcome[]>;
  /** Whether the service takes our credentials; nothing is pushed. @returns what is wrong, for the operator; or undefined */
  check(signal: AbortSignal): Promise<string | undefined>;
  close(): Promise<void>;
}

export const sent: PushOutcome = { kind: 'sent' };
