/** Hooks of tokens, which are ours: docs/webhooks.md. */
import type { HeardBody, HookWorld, Scene } from '../hook-world.ts';
import { status } from './connections.ts';

const token = (fields: object) => ({
  ...{ operationID: '*', userID: 'tina', platformID: 5, platform: 'Web', tokenID: '*', opUserID: 'imAdmin', time: '*' },
  ...fields,
});

/** Of a user who is there already, and whose tokens end in every way. */
export const tokenScenes: readonly Scene[] = [
  {
    name: 'a token is issued',
    act: (on) => on.world.issue('tina', 5),
    heard: [['AfterTokenIssued', token({ expiresAt: '*' })]],
  },
  {
    name: 'a login takes the place of an earlier one, which is kicked',
    act: (on) => on.world.issue('tina', 5),
    heard: [
      ['AfterTokenIssued', token({ expiresAt: '*' })],
      ['AfterTokenKicked', token({ reason: 'policy' })],
      ['AfterUserKickOff', status('tina', 5, 'Web', {})],
    ],
  },
  {
    name: 'a user gives its token back',
    act: async (on) => revoke(on),
    heard: [
      ['AfterTokenIssued', token({ expiresAt: '*' })],
      ['AfterTokenKicked', token({ reason: 'policy' })],
      ['AfterTokenRevoked', token({ opUserID: 'tina', reason: 'revoked' })],
      ['AfterUserKickOff', status('tina', 5, 'Web', {})],
    ],
  },
  {
    name: 'a user is logged out by force',
    act: async (on) => {
      await on.world.issue('tina', 5);
      await on.done('/auth/force_logout', { userID: 'tina', platformID: 5 });
    },
    heard: [
      ['AfterTokenIssued', token({ expiresAt: '*' })],
      ['AfterTokenKicked', token({ reason: 'forced' })],
      ['AfterUserKickOff', status('tina', 5, 'Web', {})],
    ],
  },
  {
    name: 'a token that was kicked is refused: told once a minute',
    act: async (on) => {
      for (let times = 0; times < 2; times += 1) await on.world.verdict(on.world.token('kicked'));
    },
    heard: [
      [
        'AfterTokenRefused',
        token({
          userID: 'carol',
          platformID: 1,
          platform: 'IOS',
          opUserID: 'carol',
          what: 'use',
          code: 1506,
          operationID: '',
        }),
      ],
    ],
  },
];

/** Once all tokens of before have expired. */
export const tokenEndScenes: readonly Scene[] = [
  {
    name: 'a token is renewed',
    act: async (on) => {
      const token = await on.world.issue('tina', 5);
      on.world.passTime(1_800_000);
      await on.done('/auth/renew_token', {}, token);
    },
    heard: [
      ['AfterTokenIssued', token({ expiresAt: '*' })],
      ['AfterTokenRenewed', token({ opUserID: 'tina', expiresAt: '*', renews: '*' })],
    ],
  },
  {
    name: 'tokens expire: told of those that nothing else has ended, by nobody',
    act: async (on) => {
      await on.world.issue('tina', 1);
      const ended = await on.world.issue('tina', 2);
      await on.done('/auth/revoke_token', { token: ended }, ended);
      on.world.passTime(3_700_000);
    },
    heard: [
      expired({ userID: 'imAdmin', platformID: 10, platform: 'Admin' }),
      expired({ platformID: 1, platform: 'IOS' }),
      expired({}),
      ['AfterTokenIssued', token({ platformID: 1, platform: 'IOS', expiresAt: '*' })],
      ['AfterTokenIssued', token({ platformID: 2, platform: 'Android', expiresAt: '*' })],
      ['AfterTokenRevoked', token({ platformID: 2, platform: 'Android', opUserID: 'tina', reason: 'revoked' })],
    ],
  },
];

async function revoke(on: HookWorld): Promise<void> {
  const token = await on.world.issue('tina', 5);
  await on.done('/auth/revoke_token', { token }, token);
}

function expired(fields: object): HeardBody {
  return ['AfterTokenExpired', token({ operationID: '', opUserID: '', expiresAt: '*', ...fields })];
}
