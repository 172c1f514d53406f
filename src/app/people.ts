/** Users and what they keep, composed. Part of the composition root; see app.ts. */
import { randomInt } from 'node:crypto';
import type { Database } from '../database/database.ts';
import type { Services } from '../http/services.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { userCommandNotice, userInfoNotice } from '../notices/catalogue/users.ts';
import type { Notifier } from '../notices/notifier.ts';
import { SqlClientConfigStore } from '../store/sql-client-config-store.ts';
import { SqlClientLogStore } from '../store/sql-client-log-store.ts';
import { SqlUserCommandStore } from '../store/sql-user-command-store.ts';
import { operatorUserID } from '../tokens/operator.ts';
import { ClientConfigs } from '../users/client-configs.ts';
import { ClientLogs } from '../users/client-logs.ts';
import { NotificationAccounts } from '../users/notification-accounts.ts';
import { UserCommands } from '../users/user-commands.ts';
import { UserDirectory } from '../users/user-directory.ts';
import type { UserStore } from '../users/user-store.ts';
import { Users } from '../users/users.ts';
import type { Ground } from './ground.ts';
import type { Hooks } from './webhooks.ts';

export type People = Pick<
  Services,
  'users' | 'userDirectory' | 'notificationAccounts' | 'clientConfigs' | 'clientLogs' | 'userCommands'
>;

export interface PeopleOptions {
  readonly userStore: UserStore;
  readonly notifier: Notifier;
  readonly hooks: Hooks;
  /** Domains that show a user's profile, in the order in which they are told. */
  readonly followers: readonly { changed(tx: Transaction, call: CallContext, userID: string): Promise<void> }[];
}

/** The configured admins exist afterwards. */
export async function openPeople(
  { config, clock }: Ground,
  db: Database,
  { userStore, notifier, hooks, followers }: PeopleOptions,
): Promise<People> {
  const shared = { unitOfWork: db, limits: config, now: clock };
  const users = new Users({
    ...shared,
    store: userStore,
    hooks: hooks.users,
    notifications: {
      profileChanged: async (tx, call, { userID }) => {
        for (const follower of followers) await follower.changed(tx, call, userID);
      },
      userInfoUpdated: async (tx, call, userID) => {
        await notifier.notify(tx, call, userInfoNotice(call.caller.userID, userID));
      },
    },
  });
  const userCommands = new UserCommands({
    ...shared,
    store: new SqlUserCommandStore(db),
    notifications: {
      userCommandChanged: async (tx, call, userID, change) => {
        await notifier.notify(tx, call, userCommandNotice(userID, change));
      },
    },
  });
  const clientConfigs = new ClientConfigs({ ...shared, store: new SqlClientConfigStore(db), users: userStore });
  await users.ensureAdmins([...config.adminUserIDs, operatorUserID]);
  const clientLogs = new ClientLogs({
    ...shared,
    store: new SqlClientLogStore(db),
    users: userStore,
    random: (end) => randomInt(end),
  });
  const userDirectory = new UserDirectory({ store: userStore, limits: config });
  const notificationAccounts = new NotificationAccounts({
    ...shared,
    store: userStore,
    adminUserIDs: config.adminUserIDs,
    random: (end) => randomInt(end),
  });
  return { users, userDirectory, notificationAccounts, userCommands, clientConfigs, clientLogs };
}
