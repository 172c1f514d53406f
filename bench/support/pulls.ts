/** Conversations too long to be sent, written straight into a server's database; and what it costs to read of them. */
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { singleChatID } from '../../src/protocol/conversation-id.ts';
import { MsgData, PullMessageBySeqsReq, PullMessageBySeqsResp } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import type { BackEnd } from '../../test/support/back-end.ts';
import { connect } from '../../test/support/socket-client.ts';
import type { TesseraProcess } from '../../test/support/tessera-process.ts';
import { cpuSecondsOf } from './child.ts';
import { whole } from './numbers.ts';
import { SeededRandom } from './seeded-random.ts';
import { spreadOf } from './spread.ts';

export interface LongConversation {
  readonly reader: string;
  readonly partner: string;
  /** In messages. */
  readonly length: number;
}

const pageSize = 100;

/** @param databaseUrl of PostgreSQL; undefined: the file of the server */
export async function fillConversations(
  { dataDir }: Pick<TesseraProcess, 'dataDir'>,
  databaseUrl: string | undefined,
  conversations: readonly LongConversation[],
): Promise<void> {
  if (databaseUrl === undefined) {
    using db = new DatabaseSync(join(dataDir, 'data', 'tessera.db'));
    for (const conversation of conversations) {
      for (const statement of statementsFor(conversation, (hex) => `x'${hex}'`)) db.exec(statement);
    }
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return;
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  for (const conversation of conversations) {
    for (const statement of statementsFor(conversation, (hex) => `'\\x${hex}'::bytea`)) await client.query(statement);
  }
  await client.query('VACUUM ANALYZE');
  await client.end();
}

/** All have one body, so that the database makes them by itself. */
function* statementsFor(
  { reader, partner, length }: LongConversation,
  blob: (hex: string) => string,
): Generator<string> {
  const id = singleChatID(reader, partner);
  const message = newMsgData({
    sendID: partner,
    recvID: reader,
    sessionType: 1,
    contentType: 101,
    msgFrom: 100,
    senderPlatformID: 5,
    senderNickname: partner,
    clientMsgID: 'c'.repeat(32),
    serverMsgID: 's'.repeat(32),
    content: Buffer.from(JSON.stringify({ content: 'x'.repeat(100) })),
    createTime: Date.now(),
    sendTime: Date.now(),
    seq: length,
    status: 2,
  });
  const body = blob(Buffer.from(MsgData.encode(message).finish()).toString('hex'));
  const randomHead = '0123456789abcdef01234567';
  yield `INSERT INTO messages
      (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
    WITH RECURSIVE more (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM more WHERE seq < ${length})
    SELECT '${id}', seq, '${partner}', '${randomHead}' || CAST(seq AS text), '${randomHead}' || CAST(seq AS text),
      ${Date.now()}, 1, 101, ${body} FROM more`;
  yield `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at) VALUES ('${id}', ${length}, ${Date.now()})`;
  for (const [owner, peer] of [
    [reader, partner],
    [partner, reader],
  ]) {
    yield `INSERT INTO conversations
        (owner_user_id, conversation_id, conversation_type, user_id, group_id, created_at)
      VALUES ('${owner}', '${id}', 1, '${peer}', '', 1)`;
  }
}

export const pullHeader = ['messages', 'p50 ms', 'p99 ms', 'µs CPU/pull', 'bytes'];

/** One pull after another, anywhere in the conversation. @returns the cells of a row */
export async function measurePulls(
  server: TesseraProcess,
  backEnd: BackEnd,
  { reader, partner, length }: LongConversation,
  pulls: number,
): Promise<string[]> {
  const token = await backEnd.userToken(reader);
  const client = await connect({ port: server.wsPort, query: { sendID: reader, token } });
  const conversationID = singleChatID(reader, partner);
  const random = new SeededRandom(length);
  let bytes = 0;
  const pull = async () => {
    const begin = random.integer(1, length - pageSize + 1);
    const seqRanges = [{ conversationID, begin, end: begin + pageSize - 1, num: pageSize }];
    const request = PullMessageBySeqsReq.encode({ userID: reader, seqRanges, order: 0 }).finish();
    const reply = await client.request(reqIdentifiers.pullMessagesBySeqRanges, request);
    const data = Buffer.from(reply.data ?? '', 'base64');
    bytes = data.length;
    const got = PullMessageBySeqsResp.decode(data).msgs.get(conversationID)?.Msgs.length;
    if (got !== pageSize) throw new Error(`${got} messages came instead of ${pageSize}`);
  };
  for (let run = 0; run < pulls / 4; run += 1) await pull();
  /** In microseconds. */
  const times = createHistogram();
  const cpuBefore = cpuSecondsOf(server.pid);
  for (let run = 0; run < pulls; run += 1) {
    const startedAt = performance.now();
    await pull();
    times.record(Math.max(1, Math.round((performance.now() - startedAt) * 1000)));
  }
  const cpuEach = (cpuSecondsOf(server.pid) - cpuBefore) / pulls;
  await client.close();
  const { p50, p99 } = spreadOf(times, 1000);
  return [whole(length), p50.toFixed(2), p99.toFixed(2), whole(cpuEach * 1e6), whole(bytes)];
}
