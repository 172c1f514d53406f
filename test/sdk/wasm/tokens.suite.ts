/** Tokens that are not accepted, and one that ends: which callback says so. Protocol: websocket.md 1.6 and 9.1. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { SdkEvent } from '../../support/event-log.ts';
import type { WasmClient, WasmLogin } from '../../support/wasm-client.ts';
import { type TokenKind, World } from '../../wire/world.ts';
import type { Stage } from './stage.ts';

/** `code`: the part of the reason that the core passes on. */
const refusals: readonly { what: string; kind: TokenKind; userID: string; callback: string; code?: RegExp }[] = [
  { what: 'has expired', kind: 'expired', userID: 'alice', callback: 'OnUserTokenExpired' },
  { what: "is another user's", kind: 'other', userID: 'alice', callback: 'OnUserTokenInvalid', code: /1502/ },
  { what: 'is not a JWT', kind: 'broken', userID: 'alice', callback: 'OnUserTokenInvalid', code: /1503/ },
  { what: 'is signed with another key', kind: 'forged', userID: 'alice', callback: 'OnUserTokenInvalid', code: /1505/ },
  { what: 'was never issued', kind: 'unknown', userID: 'alice', callback: 'OnUserTokenInvalid', code: /1507/ },
  { what: 'was kicked by a newer login', kind: 'kicked', userID: 'carol', callback: 'OnKickedOffline' },
];

const tokenTtlMs = 3_600_000;

const callbacks = ['OnUserTokenExpired', 'OnUserTokenInvalid', 'OnKickedOffline', 'OnConnectSuccess'];

export async function tokenStories(t: TestContext, { newDevice }: Stage): Promise<void> {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const client = await newDevice();
  const params = (userID: string, token: string) => ({
    userID,
    token,
    platformID: 1,
    apiAddr: `http://127.0.0.1:${world.apiPort}`,
    wsAddr: `ws://127.0.0.1:${world.wsPort}`,
  });

  for (const { what, kind, userID, callback, code = /(?:)/ } of refusals) {
    await t.test(`${callback}: a token that ${what}; the SDK gives up`, async () => {
      const { event, data } = await refusal(client, params(userID, world.token(kind)));
      assert.equal(event, callback);
      assert.match(String(data), code);
    });
  }

  await t.test('T4: OnKickedOffline: a token that was revoked; the SDK gives up', async () => {
    const token = world.token('user');
    await world.call('/auth/revoke_token', { token });
    assert.equal((await refusal(client, params('alice', token))).event, 'OnKickedOffline');
  });

  await t.test('T7: OnUserTokenExpired: a token that ends while its socket is open; the SDK gives up', async () => {
    await client.login(params('bob', world.token('other')));
    const ended = client.next(callbacks);
    world.passTime(tokenTtlMs);
    assert.equal((await ended).event, 'OnUserTokenExpired');
    await client.loggedOut();
  });
}

/** Tries to log in. @returns the event that ended it, when the core has logged itself out */
async function refusal(client: WasmClient, login: WasmLogin): Promise<SdkEvent> {
  const ended = client.next(callbacks);
  await client.startLogin(login);
  const event = await ended;
  await client.loggedOut();
  return event;
}
