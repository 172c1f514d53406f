/**
 * An account with thousands of conversations: what it asks for is walked, sorted and written in slices of time, so that
 * nobody waits for it. Turns of the event loop are counted, under a clock by which a slice is over whenever one looks.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { sliceMs } from '../../src/kernel/time-slices.ts';
import { GetConversationsHasReadAndMaxSeqReq, GetMaxSeqReq } from '../../src/protocol/gen/openim.ts';
import { countingTurns } from '../support/counting-turns.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

const count = 5000;
/** Of a list so long: pages that it is read in. */
const pages = count / 250;
/** What is sorted gives way whenever 256 of it are in order, in each round. */
const sorting = 100;

let world: World;
let socket: SocketClient;

before(async () => {
  world = await World.open();
  fill();
  socket = await connect({ port: world.wsPort, query: { sendID: 'alice', token: await world.issue('alice', 5) } });
});
after(() => world[Symbol.asyncDispose]());

function fill(): void {
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  database.exec('BEGIN');
  const row = database.prepare(`INSERT INTO conversations
    (owner_user_id, conversation_id, conversation_type, user_id, group_id, created_at) VALUES ('alice', ?, 1, ?, '', ?)`);
  const log = database.prepare('INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at) VALUES (?, 1, ?)');
  for (let index = 0; index < count; index += 1) {
    const conversationID = `si_alice_u${index}`;
    row.run(conversationID, `u${index}`, (index * 7919) % count);
    log.run(conversationID, (index * 7907) % count);
  }
  database.exec('COMMIT');
}

const ask = (reqIdentifier: number, data: Uint8Array) => async () =>
  (await socket.request(reqIdentifier, data)).errCode;
const post = (path: string, body: object) => async () =>
  envelopeOf(await world.post(path, body, world.token('user'))).errCode;

const everything = { userID: 'alice', conversationIDs: [], returnPinned: true };
for (const { name, request, walks, sorts } of [
  { name: '1001', request: ask(1001, GetMaxSeqReq.encode({ userID: 'alice' }).finish()), walks: 3, sorts: 1 },
  {
    name: '1006 of all',
    request: ask(1006, GetConversationsHasReadAndMaxSeqReq.encode(everything).finish()),
    walks: 2,
    sorts: 1,
  },
  { name: 'newest_seq', request: post('/msg/newest_seq', { userID: 'alice' }), walks: 4, sorts: 1 },
  {
    name: 'get_conversations_has_read_and_max_seq',
    request: post('/msg/get_conversations_has_read_and_max_seq', everything),
    walks: 3,
    sorts: 1,
  },
  {
    name: 'get_all_conversations',
    request: post('/conversation/get_all_conversations', { ownerUserID: 'alice' }),
    walks: 3,
    sorts: 1,
  },
  {
    name: 'get_full_conversation_ids',
    request: post('/conversation/get_full_conversation_ids', { userID: 'alice', idHash: 0 }),
    walks: 1,
    sorts: 1,
  },
  {
    name: 'get_active_conversations',
    request: post('/jssdk/get_active_conversations', { count: 100 }),
    walks: 3,
    sorts: 1,
  },
]) {
  test(`O1 ${name} lets others in at every step through thousands of conversations`, async (t) => {
    let now = performance.now();
    t.mock.method(performance, 'now', () => (now += sliceMs));
    const [errCode, turns] = await countingTurns(request);
    assert.equal(errCode, 0);
    const least = walks * count + sorts * sorting + pages;
    assert.ok(turns >= least, `${turns} turns, ${least} at least`);
  });
}
