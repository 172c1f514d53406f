/** The pure-JS SDK in Node, where the events of frames that arrive together have no pause between them. */
import assert from 'node:assert/strict';
import { WebSocket as NodeWebSocket } from 'ws';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { connect } from '../support/socket-client.ts';

/** As a bot has it: the library's defaults, under which it raises events one right after the other. */
class PlainWebSocket extends NodeWebSocket {
  constructor(url: string) {
    super(url);
    this.binaryType = 'arraybuffer';
  }
}

interface SdkChat {
  readonly userID: string;
  readonly unreadCount: number;
}

testOnEveryDeployment('JS SDK in Node', {}, async (t, { server, backEnd, device }) => {
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

  // In a chat that is new to it the SDK asks for the count while it counts, and is wrong by some however frames come.
  await t.test('a burst that arrives together is counted whole in a chat that it knows', async () => {
    await backEnd.register('carol');
    const carol = await connect({
      port: server.wsPort,
      query: { sendID: 'carol', token: await backEnd.userToken('carol') },
    });
    const say = (text: string) => {
      const content = Buffer.from(JSON.stringify({ content: text }));
      const message = newMsgData({ sendID: 'carol', recvID: 'bob', clientMsgID: text, sessionType: 1, content });
      const from = { contentType: 101, msgFrom: 100, senderPlatformID: 5 };
      carol.send(1003, MsgData.encode({ ...message, ...from }).finish(), { operationID: text });
    };
    const counted = (unread: number) =>
      bob.next(['OnNewConversation', 'OnConversationChanged'], ({ data }) =>
        data.some((chat: SdkChat) => chat.userID === 'carol' && chat.unreadCount === unread),
      );
    const first = counted(1);
    say('first');
    await first;
    const all = counted(18);
    for (let i = 0; i < 17; i++) say(`burst ${i}`);
    await all;
    assert.equal(bob.receivedTexts().filter((text) => text.startsWith('burst')).length, 17);
    await carol.close();
  });
});
