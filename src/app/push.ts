/** Offline push, composed. Part of the composition root; see app.ts. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../database/database.ts';
import type { Services } from '../http/services.ts';
import { PushTest } from '../push/push-test.ts';
import { PushTokens } from '../push/push-tokens.ts';
import { SqlBadgeStore } from '../store/sql-badge-store.ts';
import { SqlPushTokenStore } from '../store/sql-push-token-store.ts';
import type { TokenEvents } from '../tokens/events.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Ground } from './ground.ts';
import { openPushProviders } from './push-providers.ts';

export type Push = Pick<Services, 'pushTokens' | 'pushTest'>;

export interface PushOptions {
  readonly db: Database;
  readonly events: TokenEvents;
  readonly users: Pick<UserStore, 'find'>;
}

/** @throws StartError naming the setting of a push service that does not work */
export async function openPush(
  { config, clock, reportFailure }: Ground,
  opened: AsyncDisposableStack,
  { db, events, users }: PushOptions,
): Promise<Push> {
  const providers = await openPushProviders(config, clock);
  for (const provider of providers.values()) opened.defer(() => provider.close());
  const tokens = new SqlPushTokenStore(db);
  const pushTokens = new PushTokens({
    store: tokens,
    badges: new SqlBadgeStore(db),
    users,
    unitOfWork: db,
    providers: config.pushByPlatform,
    limits: config,
    now: clock,
  });
  opened.defer(pushTokens.follow(events, reportFailure));
  const newID = () => randomUUID().replaceAll('-', '');
  return { pushTokens, pushTest: new PushTest({ providers, tokens, newID, now: clock }) };
}
