/** Offline push, composed. Part of the composition root; see app.ts. */
import type { Database } from '../database/database.ts';
import type { Services } from '../http/services.ts';
import { PushTokens } from '../push/push-tokens.ts';
import { SqlBadgeStore } from '../store/sql-badge-store.ts';
import { SqlPushTokenStore } from '../store/sql-push-token-store.ts';
import type { TokenEvents } from '../tokens/events.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Ground } from './ground.ts';

export type Push = Pick<Services, 'pushTokens'>;

export interface PushOptions {
  readonly db: Database;
  readonly events: TokenEvents;
  readonly users: Pick<UserStore, 'find'>;
}

export function openPush(
  { config, clock, reportFailure }: Ground,
  opened: AsyncDisposableStack,
  { db, events, users }: PushOptions,
): Push {
  const pushTokens = new PushTokens({
    store: new SqlPushTokenStore(db),
    badges: new SqlBadgeStore(db),
    users,
    unitOfWork: db,
    providers: config.pushByPlatform,
    limits: config,
    now: clock,
  });
  opened.defer(pushTokens.follow(events, reportFailure));
  return { pushTokens };
}
