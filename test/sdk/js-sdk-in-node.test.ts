/** The pure-JS SDK in Node, where the events of frames that arrive together have no pause between them. */
import assert from 'node:assert/strict';
import { WebSocket as NodeWebSocket } from 'ws';
import { testOnEveryDeployment } from '../support/deployments.ts';

/** As a bot has it: the library's defaults, under which it raises events one right after the other. */
class PlainWebSocket extends NodeWebSocket {
  constructor(url: string) {
    super(url);
    this.binaryType = 'arraybuffer';
  }
}

testOnEveryDeployment('JS SDK in Node', {}, async (t, { backEnd, device }) => {
  Object.assign(globalThis, { WebSocket: PlainWebSocket });
  await backEnd.register('alice', 'bob');
  const [alice, bob] = [await device('alice'), await device('bob')];

  // A pause is a matter of time: a client that is busy for longer, with its first message say, may still miss it.
  await t.test('the sender does not see its own messages as new ones', async (t) => {
    // Bob's answer comes behind the echoes of all that alice has sent.
    const answered = alice.next('OnRecvNewMessages', ({ data }) => data[0].textElem.content === 'I see');
    for (let i = 0; i < 20; i++) await alice.sendText('bob', `message ${i}`);
    await bob.sendText('alice', 'I see');
    await answered;
    const ownSeen = alice.receivedTexts().length - 1;
    t.diagnostic(`${ownSeen} of 20 seen`);
    assert.ok(ownSeen < 10, `${ownSeen} of 20, and without the pause all of them`);
  });
});
