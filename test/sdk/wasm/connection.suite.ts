/** Connections that are lost, by the network's fault or the server's, and what the users see afterwards. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { TesseraProcess } from '../../support/tessera-process.ts';
import { texts, type WasmClient } from '../../support/wasm-client.ts';
import { Line } from '../../support/wasm-line.ts';
import type { Stage } from './stage.ts';
import { messages } from './views.ts';

export async function connectionStories(
  t: TestContext,
  { alice, bob, server, backEnd }: Stage<TesseraProcess>,
): Promise<void> {
  const line = await Line.open(server.wsPort);
  t.after(() => line[Symbol.asyncDispose]());
  // The core stays with the addresses of the page's first login.
  await bob.reload();
  const token = await backEnd.userToken('bob');
  await bob.login({ userID: 'bob', token, apiAddr: server.apiUrl, wsAddr: line.wsUrl });

  await t.test('M4: what was sent while the network was cut arrives when it is back', async () => {
    const failed = bob.next('OnConnectFailed');
    line.cut();
    await failed;
    await alice.sendText('bob', 'into the void');
    const reconnected = bob.next('OnConnectSuccess');
    line.mend();
    await reconnected;
    await converse(alice, bob, 'on the mended line');
    const end = ['into the void', 'on the mended line', 'on the mended line, and back'];
    assert.deepEqual(texts(await messages(bob)).slice(-3), end);
    assert.deepEqual(bob.receivedTexts().slice(-2), end.slice(0, 2));
  });

  await t.test('O3: clients come back by themselves to a server that was stopped and started again', async () => {
    const lost = [alice, bob].map((client) => client.next('OnConnecting'));
    assert.equal(await server.stop(), 0);
    await Promise.all(lost);
    const reconnected = [alice, bob].map((client) => client.next('OnConnectSuccess'));
    await server.start();
    await Promise.all(reconnected);
    await converse(alice, bob, 'after the stop');
  });

  await t.test('M1, T1: and to one that was killed, which has lost neither messages nor tokens', async () => {
    await alice.sendText('bob', 'before the crash');
    const reconnected = [alice, bob].map((client) => client.next('OnConnectSuccess'));
    await server.kill();
    await server.start();
    await Promise.all(reconnected);
    await converse(alice, bob, 'after the crash');
    const history = texts(await messages(bob)).slice(-3);
    assert.deepEqual(history, ['before the crash', 'after the crash', 'after the crash, and back']);
    assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 0);
  });
}

/** One text each way, each waited for. */
async function converse(one: WasmClient, other: WasmClient, text: string): Promise<void> {
  const [there, back] = [text, `${text}, and back`];
  const atOther = other.next('OnRecvNewMessages', ({ data }) => texts(data).includes(there));
  await one.sendText('bob', there);
  await atOther;
  const atOne = one.next('OnRecvNewMessages', ({ data }) => texts(data).includes(back));
  await other.sendText('alice', back);
  await atOne;
}
