/** Users and what they keep, composed. Part of the composition root; see app.ts. */
import type { Database } from '../database/database.ts';
import type { Services } from '../http/services.ts';
import { userCommandNotice, userInfoNotice } from '../notices/catalogue/users.ts';
import type { Notifier } from '../notices/notifier.ts';
import { SqlClientConfigStore } from '../store/sql-client-config-store.ts';
import { SqlUserCommandStore } from '../store/sql-user-command-store.ts';
import { SqlUserStore } from '../store/sql-user-store.ts';
import { operatorUserID } from '../tokens/operator.ts';
import { ClientConfigs } from '../users/client-configs.ts';
import { UserCommands } from '../users/user-commands.ts';
import type { UserStore } from '../users/user-store.ts';
import { Users } from '../users/users.ts';
import type { Ground } from './ground.ts';

export interface People extends Pick<Services, 'users' | 'clientConfigs' | 'userCommands'> {
  readonly userStore: UserStore;
}

/** The configured admins exist afterwards. */
export async function openPeople({ config, clock }: Ground, db: Database, notifier: Notifier): Promise<People> {
  const userStore = new SqlUserStore(db);
  const shared = { unitOfWork: db, limits: config, now: clock };
  const users = new Users({
    ...shared,
    store: userStore,
    notifications: {
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
  return { users, userCommands, clientConfigs, userStore };
}
