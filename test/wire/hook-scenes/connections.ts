/** Hooks of connections (objects-push-webhooks chapter, 3.5). */
import { connect } from '../../support/socket-client.ts';
import type { Scene } from '../hook-world.ts';

/** U of 3.3. */
export const status = (userID: string, platformID: number, platform: string, fields: object) => ({
  ...{ operationID: '*', seq: '*', userID, platformID, platform, ...fields },
});

const ios = (fields: object) => status('alice', 1, 'IOS', fields);

export const connectionScenes: readonly Scene[] = [
  {
    name: 'F36 a user comes online once, and goes offline once, however many connections there are on a platform',
    act: async (on) => {
      const from = on.receiver.heard.length;
      const first = await connect({ port: on.world.wsPort, query: { platformID: '1', token: on.world.token('user') } });
      await on.receiver.since(from, 1);
      const second = await connect({
        port: on.world.wsPort,
        query: { platformID: '1', token: on.world.token('user') },
      });
      await first.close();
      await second.close();
    },
    heard: [
      ['AfterUserOnline', ios({ isAppBackground: false, connID: '*' })],
      ['AfterUserOffline', ios({ connID: '*' })],
    ],
  },
];
