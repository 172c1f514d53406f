/** A single chat of many messages, which several devices of one side send as fast as the server takes them. */
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import type { Deployment } from './deployments.ts';
import { connect } from './socket-client.ts';

/** What is sent at the same time is stored at the same time, where one connection's messages wait for each other. */
const platforms = [1, 2, 3, 4, 5, 6, 8, 9];

/** Of one connection: sent and not yet acknowledged. */
const atOnce = 20;

/** Texts `0` to `count - 1`, about in this order. Resolves when all are stored. The receiver is not to be online. */
export async function fillChat(
  { server, backEnd }: Pick<Deployment, 'server' | 'backEnd'>,
  sendID: string,
  recvID: string,
  count: number,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => index).values();
  const sendFrom = async (platformID: number) => {
    const token = await backEnd.userToken(sendID, platformID);
    const query = { sendID, token, platformID: String(platformID) };
    const client = await connect({ port: server.wsPort, query });
    let waiting = 0;
    const sendNext = () => {
      const { value: number, done } = numbers.next();
      if (done) return;
      waiting++;
      const message = newMsgData({
        ...{ sendID, recvID, clientMsgID: `${sendID}-${number}`, sessionType: 1, msgFrom: 100, contentType: 101 },
        ...{ senderPlatformID: platformID, content: Buffer.from(JSON.stringify({ content: String(number) })) },
        options: new Map([['senderSync', false]]),
      });
      client.send(1003, MsgData.encode(message).finish());
    };
    for (let sent = 0; sent < atOnce; sent++) sendNext();
    for (; waiting > 0; waiting--) {
      const { reqIdentifier, errCode, errMsg } = await client.nextReply();
      if (reqIdentifier !== 1003 || errCode !== 0) throw new Error(`a message was not taken: ${errCode} ${errMsg}`);
      sendNext();
    }
    await client.close();
  };
  await Promise.all(platforms.map(sendFrom));
}
