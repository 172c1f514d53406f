/** What a user reads of a chat, by every way there is: over the socket, in chat lists, as a back end does. */
import {
  GetLastMessageReq,
  GetLastMessageResp,
  GetSeqMessageReq,
  GetSeqMessageResp,
  type MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
} from '../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { answerFor } from './group-scenes.ts';
import { Listener } from './listener.ts';
import type { World } from './world.ts';

/** A message as one of these ways gives it. */
export interface Reading {
  readonly seq: number;
  readonly contentType: number;
  readonly status: number;
  readonly text: string;
}

export interface Readings {
  /** 1002 and 1005, in order of seqs. */
  readonly ranges: readonly Reading[];
  readonly bySeqs: readonly Reading[];
  /** 1007; undefined if it is left out. */
  readonly last: Reading | undefined;
  /** get_active_conversations and get_conversations, without seqs and status what get_sorted_conversation_list has. */
  readonly active: Reading | undefined;
  readonly named: Reading | undefined;
  readonly sorted: Pick<Reading, 'contentType' | 'text'> | undefined;
}

export async function readings(world: World, userID: string, conversationID: string): Promise<Readings> {
  await using device = await Listener.open(world, userID, ownPlatform);
  const { pullMessagesBySeqRanges, pullMessagesBySeqList, getLastMessages } = reqIdentifiers;
  const seqRanges = [{ conversationID, begin: 0, end: 999, num: 999 }];
  const rangesAsked = PullMessageBySeqsReq.encode({ userID, seqRanges, order: 0 }).finish();
  const ranges = PullMessageBySeqsResp.decode(await device.ask(pullMessagesBySeqRanges, rangesAsked));
  const pulled = ranges.msgs.get(conversationID)?.Msgs ?? [];
  const conversations = [{ conversationID, seqs: pulled.map(({ seq }) => seq) }];
  const seqsAsked = GetSeqMessageReq.encode({ userID, conversations, order: 0 }).finish();
  const bySeqs = GetSeqMessageResp.decode(await device.ask(pullMessagesBySeqList, seqsAsked));
  const lastAsked = GetLastMessageReq.encode({ userID, conversationIDs: [conversationID] }).finish();
  const last = GetLastMessageResp.decode(await device.ask(getLastMessages, lastAsked)).msgs.get(conversationID);
  const listed = async (path: string, body: object) => (await answerFor(world, userID, path, body)).data;
  const inList = async (path: string, body: object) => {
    const found = ((await listed(path, body)).conversations ?? []).find(
      (entry: { conversation: { conversationID: string } }) => entry.conversation.conversationID === conversationID,
    );
    if (!found?.lastMsg) return undefined;
    return toReading({ ...found.lastMsg, content: Buffer.from(found.lastMsg.content, 'base64') });
  };
  const pagination = { pageNumber: 1, showNumber: 100 };
  const { conversationElems } = await listed('/conversation/get_sorted_conversation_list', { userID, pagination });
  const sorted = (conversationElems as SortedElement[] | null)?.find(
    (found) => found.conversationID === conversationID,
  );
  return {
    ranges: pulled.map(toReading),
    bySeqs: (bySeqs.msgs.get(conversationID)?.Msgs ?? []).map(toReading),
    last: last && toReading(last),
    active: await inList('/jssdk/get_active_conversations', {}),
    named: await inList('/jssdk/get_conversations', { ownerUserID: userID, conversationIDs: [conversationID] }),
    sorted: sorted?.msgInfo ? { contentType: sorted.msgInfo.contentType, text: sorted.msgInfo.content } : undefined,
  };
}

/** On which no other device of the tests is. */
const ownPlatform = 8;

interface SortedElement {
  readonly conversationID: string;
  readonly msgInfo: { readonly contentType: number; readonly content: string } | null;
}

function toReading({ seq, contentType, status, content }: Pick<MsgData, 'seq' | 'contentType' | 'status' | 'content'>) {
  return { seq, contentType, status, text: Buffer.from(content).toString() };
}
