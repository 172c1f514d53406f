/** Members who are online on one node and come and go by way of another: which of the group's messages they get. */
import { PushMessages } from '../../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../../src/protocol/numbers/request-identifiers.ts';
import { connect, type SocketClient } from '../socket-client.ts';
import { within } from '../within.ts';
import type { NodeCluster } from './node-cluster.ts';

/** What was lost on its way is read from the database before. */
const limitMs = 10_000;

/**
 * From each node to each other one. The nodes' back ends are logged in.
 * @param name begins the users' IDs; no other crossing has it
 * @returns what did not hold
 */
export async function crossGroups({ nodes, backEnd }: NodeCluster, name: string): Promise<readonly string[]> {
  const crossings = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })));
  await backEnd.register(...crossings.flatMap((_, index) => [`${name}owner${index}`, `${name}member${index}`]));
  const faults = await Promise.all(
    crossings.map(async ({ from, to }, index) => {
      const [ownerUserID, member, groupID] = [`${name}owner${index}`, `${name}member${index}`, `${name}group${index}`];
      const say = (content: string, target: { readonly groupID: string } | { readonly recvID: string }) =>
        from.backEnd.call('/msg/send_msg', {
          ...{ sendID: ownerUserID, senderPlatformID: 5, content: { content }, contentType: 101 },
          ...{ ...target, sessionType: 'groupID' in target ? 3 : 1 },
        });
      const groupInfo = { groupID, groupName: name, groupType: 2 };
      await from.backEnd.call('/group/create_group', { groupInfo, ownerUserID, memberUserIDs: [] });
      await say('before', { groupID });
      const token = await to.backEnd.userToken(member);
      const socket = await connect({ port: to.process.wsPort, query: { sendID: member, token } });
      await from.backEnd.call('/group/invite_user_to_group', { groupID, invitedUserIDs: [member] });
      await say('inside', { groupID });
      await from.backEnd.call('/group/kick_group', { groupID, kickedUserIDs: [member] });
      await say('after', { groupID });
      await say('end', { recvID: member });
      const what = `a member on ${to.name}, who came and went on ${from.name},`;
      const texts: string[] = [];
      const areThere = await within('both messages', readTexts(socket, texts, ['inside', 'end']), limitMs).then(
        () => true,
        () => false,
      );
      socket.ws.terminate();
      // Which of two conversations comes first is not promised.
      return areThere && texts.length === 2 ? [] : [`${what} got ${texts.join(', ') || 'nothing'}`];
    }),
  );
  return faults.flat();
}

async function readTexts(socket: SocketClient, texts: string[], wanted: readonly string[]): Promise<void> {
  while (!wanted.every((text) => texts.includes(text))) {
    const { reqIdentifier, data } = await socket.nextReply();
    if (reqIdentifier !== reqIdentifiers.pushMessage) continue;
    const { msgs } = PushMessages.decode(Buffer.from(data ?? '', 'base64'));
    for (const { Msgs } of msgs.values()) {
      const said = Msgs.filter(({ contentType }) => contentType === 101);
      texts.push(...said.map(({ content }) => JSON.parse(Buffer.from(content).toString()).content));
    }
  }
}
