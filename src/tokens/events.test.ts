import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TokenEventMap, TokenEvents } from './events.ts';

const ended: TokenEventMap['tokensEnded'] = {
  userID: 'alice',
  platformID: 1,
  jtis: ['a'],
  reason: 'policy',
  origin: 'here',
  by: { userID: 'imAdmin', operationID: 'op' },
};

test('every listener hears an event at once, and none after it unsubscribed', () => {
  const events = new TokenEvents((error) => assert.fail(String(error)));
  const heard: string[] = [];
  const off = events.on('tokensEnded', ({ userID }) => heard.push(`first ${userID}`));
  events.on('tokensEnded', ({ userID }) => heard.push(`second ${userID}`));

  events.emit('tokensEnded', ended);
  off();
  events.emit('tokensEnded', ended);

  assert.deepEqual(heard, ['first alice', 'second alice', 'second alice']);
});

test('a listener that throws is reported and neither stops the others nor the emitter', () => {
  const failures: unknown[] = [];
  const events = new TokenEvents((error) => failures.push(error));
  const heard: TokenEventMap['tokensEnded'][] = [];
  const failure = new Error('listener');
  events.on('tokensEnded', () => {
    throw failure;
  });
  events.on('tokensEnded', (event) => heard.push(event));

  events.emit('tokensEnded', ended);

  assert.deepEqual(heard, [ended]);
  assert.deepEqual(failures, [failure]);
});
