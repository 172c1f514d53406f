/** A push and its targets, as tests of providers send them. */
import type { PushContent, PushTarget } from '../../../src/push/push-provider.ts';

export const content: PushContent = {
  id: 'c0ffeec0ffeec0ffeec0ffeec0ffee00',
  title: '[TEXT]',
  body: 'You have a new message',
  clientMsgID: 'client-1',
  ex: '{"room":1}',
  sound: 'ding.caf',
  operationID: 'op',
};

export function device(token: string, badge?: number): PushTarget {
  return {
    userID: 'alice',
    device: {
      userID: 'alice',
      platformID: 1,
      provider: 'fcm',
      token,
      topic: '',
      environment: '',
      jti: '',
      loginAt: 0,
      registeredAt: 0,
      expiresAt: 0,
    },
    ...(badge === undefined ? {} : { badge }),
  };
}

export const never = new AbortController().signal;
