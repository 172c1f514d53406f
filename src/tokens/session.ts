/** A verified token: whose it is and how long it may act. */

import type { Caller } from '../kernel/caller.ts';
import type { PlatformID } from '../protocol/numbers/platforms.ts';

export interface Session extends Caller {
  readonly platformID: PlatformID;
  /** Unix ms. */
  readonly issuedAt: number;
  /** When the session began, Unix ms: its first login, whatever renewals there have been. Cutoffs go by it. */
  readonly loginAt: number;
  /** When the session must end (T7), Unix ms: `expiresAt`, or the end of its grace for a superseded token. */
  readonly endsAt: number;
  /** A newer token has taken its place; it is in its grace. */
  readonly isSuperseded: boolean;
  /** The key that has signed the token. */
  readonly kid: string;
}
