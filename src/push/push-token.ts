/** A device's address at a push service. Protocol: rest-core.md 8 (`fcm_update_token`), objects-push-webhooks.md 2.5. */

import type { PushProviderName } from '../protocol/numbers/push-providers.ts';

/** Apple has two services; a token is of one of them. Empty: as the server is set. */
export const apnsEnvironments = ['', 'production', 'sandbox'] as const;
export type ApnsEnvironment = (typeof apnsEnvironments)[number];

/** A device that is not to be woken any more. */
export interface LoggedOutDevice {
  readonly userID: string;
  readonly platformID: number;
  /** Unix ms: what has been registered since stays. */
  readonly loggedOutAt: number;
}

/** One for each platform of a user, as with OpenIM. */
export interface PushToken {
  readonly userID: string;
  readonly platformID: number;
  readonly provider: PushProviderName;
  /** As the service gave it to the application. */
  readonly token: string;
  /** APNs: the bundle ID that it is of; empty: as the server is set. */
  readonly topic: string;
  readonly environment: ApnsEnvironment;
  /** Of the login token by which it was registered; empty if an admin did it for the user. */
  readonly jti: string;
  /** Unix ms: when that login began; 0 if it is not known. */
  readonly loginAt: number;
  /** Unix ms. */
  readonly registeredAt: number;
  /** Unix ms; 0: it does not expire. */
  readonly expiresAt: number;
}
