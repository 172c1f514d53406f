/** A device that knows nothing of an account with 10 000 conversations: F28, conversations-messages.md 7.5 and 8.3. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { limits } from '../../src/config/limits.ts';
import {
  GetConversationsHasReadAndMaxSeqReq,
  GetConversationsHasReadAndMaxSeqResp,
  GetMaxSeqReq,
  GetMaxSeqResp,
  MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
} from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { createConversations } from '../support/many-conversations.ts';
import { connect } from '../support/socket-client.ts';
import { World } from './world.ts';

const count = 10_000;
/** As the Go core asks. */
const [rowsPerPage, chatsPerPull] = [300, 100];

test('F28 a first sync of 10 000 conversations takes so many requests as they are hundreds, each reply within a frame', async (t) => {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const peers = Array.from({ length: count }, (_, index) => `u${String(index).padStart(9, '0')}`);
  createConversations(world.dataDir, 'alice', peers);
  say(world.dataDir, peers);
  const socket = await connect({
    port: world.wsPort,
    query: { sendID: 'alice', token: await world.issue('alice', 5) },
  });
  let requests = 0;
  const rest = (path: string, body: object) => {
    requests += 1;
    return world.call(`/conversation/${path}`, body);
  };
  const ask = async (reqIdentifier: number, asked: Uint8Array) => {
    requests += 1;
    const reply = await socket.request(reqIdentifier, asked);
    const frame = JSON.stringify(reply).length;
    assert.ok(frame <= limits.maxReplyFrameBytes.default, `${reqIdentifier}: ${frame} bytes`);
    return Buffer.from(reply.data ?? '', 'base64');
  };

  assert.equal(
    (await rest('get_incremental_conversations', { userID: 'alice', version: 0, versionID: '' })).full,
    true,
  );
  const listed: string[] = [];
  for (let pageNumber = 1; ; pageNumber += 1) {
    const pagination = { pageNumber, showNumber: rowsPerPage };
    const { total, conversations } = await rest('get_owner_conversation', { userID: 'alice', pagination });
    assert.equal(total, count);
    for (const { conversationID } of conversations ?? []) listed.push(conversationID);
    if ((conversations ?? []).length < rowsPerPage) break;
  }
  assert.equal(new Set(listed).size, count);
  const { conversationIDs } = await rest('get_full_conversation_ids', { userID: 'alice', idHash: 0 });
  assert.deepEqual(conversationIDs, listed);

  const everything = { userID: 'alice', conversationIDs: [], returnPinned: false };
  const positions = await ask(1006, GetConversationsHasReadAndMaxSeqReq.encode(everything).finish());
  assert.equal(GetConversationsHasReadAndMaxSeqResp.decode(positions).seqs.size, count);
  const { maxSeqs } = GetMaxSeqResp.decode(await ask(1001, GetMaxSeqReq.encode({ userID: 'alice' }).finish()));
  const chats = [...maxSeqs.keys()];
  assert.equal(chats.length, count);
  let pulled = 0;
  for (let from = 0; from < count; from += chatsPerPull) {
    const seqRanges = chats
      .slice(from, from + chatsPerPull)
      .map((conversationID) => ({ conversationID, begin: 0, end: maxSeqs.get(conversationID) ?? 0, num: 1 }));
    const asked = PullMessageBySeqsReq.encode({ userID: 'alice', seqRanges, order: 0 }).finish();
    pulled += PullMessageBySeqsResp.decode(await ask(1002, asked)).msgs.size;
  }
  assert.equal(pulled, count);
  assert.equal(requests, 1 + Math.ceil((count + 1) / rowsPerPage) + 1 + 2 + count / chatsPerPull);
});

/** The one message of each of alice's chats. */
function say(dataDir: string, peers: readonly string[]): void {
  using database = new DatabaseSync(join(dataDir, 'tessera.db'));
  const insert = database.prepare(`INSERT INTO messages
    (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
    VALUES (?, 1, ?, '1', '1', 1, 1, 101, ?)`);
  const content = Buffer.from(JSON.stringify({ content: 'x'.repeat(500) }));
  const message = { recvID: 'alice', seq: 1, sessionType: 1, contentType: 101, status: 2, content };
  database.exec('BEGIN');
  for (const sendID of peers) {
    insert.run(`si_alice_${sendID}`, sendID, MsgData.encode(newMsgData({ ...message, sendID })).finish());
  }
  database.exec('COMMIT');
}
