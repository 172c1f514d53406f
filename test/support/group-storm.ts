/**
 * Many speak in one group at once while members lose their connections, some do not read, and the server is killed: what
 * must hold afterwards (promises M1 to M4), by what the members themselves have.
 */
import type { BackEnd } from './back-end.ts';
import { StormClient } from './storm-client.ts';
import type { TesseraProcess } from './tessera-process.ts';

export interface StormPlan {
  readonly members: number;
  /** The first of the members. */
  readonly senders: number;
  readonly messagesPerSender: number;
  /** The last of the members stop reading until everything is sent. */
  readonly slowReaders: number;
  /** A connection is cut once in so many pushes. */
  readonly pushesPerCut: number;
  /** The server is killed so often, evenly over the messages. */
  readonly kills: number;
}

export interface StormResult {
  /** What did not hold; none is the wanted answer. */
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly kills: number;
  readonly connections: number;
  readonly pushes: number;
  /** From the first message to the last acknowledgement. */
  readonly sendingMs: number;
}

const groupID = 'storm';

/** @param random 0 up to, not including, 1 */
export async function groupStorm(
  server: Pick<TesseraProcess, 'running' | 'wsPort' | 'kill' | 'start'>,
  backEnd: BackEnd,
  plan: StormPlan,
  random: () => number,
): Promise<StormResult> {
  const userIDs = Array.from({ length: plan.members }, (_, index) => `storm${index}`);
  await backEnd.register(...userIDs);
  const [ownerUserID, ...memberUserIDs] = userIDs;
  await backEnd.call('/group/create_group', {
    groupInfo: { groupID, groupName: groupID, groupType: 2 },
    ownerUserID,
    memberUserIDs,
  });

  const total = plan.senders * plan.messagesPerSender;
  let acknowledged = 0;
  let kills = 0;
  let recovery = Promise.resolve();
  let isCalm = false;
  const onAcknowledged = () => {
    acknowledged += 1;
    if (kills >= plan.kills || acknowledged < ((kills + 1) * total) / (plan.kills + 1)) return;
    kills += 1;
    recovery = recovery.then(async () => {
      await server.kill();
      await server.start();
    });
  };
  const isCutBy = () => !isCalm && random() < 1 / plan.pushesPerCut;
  const clients: StormClient[] = [];
  for (const userID of userIDs) {
    const token = await backEnd.userToken(userID);
    clients.push(new StormClient({ server, userID, token, groupID, isCutBy, onAcknowledged }));
  }
  const stopAll = () => {
    for (const client of clients) client.stop();
  };
  const lives = clients.map((client) => client.stayConnected());
  using _end = { [Symbol.dispose]: stopAll };
  const slow = clients.slice(plan.members - plan.slowReaders);

  const startedAt = performance.now();
  const sending = clients.slice(0, plan.senders).map((client) => client.sendAll(plan.messagesPerSender));
  for (const client of slow) client.stopReading();
  await Promise.all(sending);
  const sendingMs = performance.now() - startedAt;
  await recovery;
  isCalm = true;
  for (const client of slow) client.cut();
  await Promise.all(clients.map((client) => caughtUp(client)));
  stopAll();
  await Promise.all(lives);

  const sent = new Set(clients.flatMap((client) => [...client.acknowledged.keys()]));
  return {
    faults: clients.flatMap((client) => [...client.faults, ...missingIn(client, sent)]),
    acknowledged,
    kills,
    connections: clients.reduce((sum, client) => sum + client.connections, 0),
    pushes: clients.reduce((sum, client) => sum + client.pushes, 0),
    sendingMs,
  };
}

/** A connection may end while it catches up: the next one is as good. */
async function caughtUp(client: StormClient): Promise<void> {
  for (;;) {
    await client.connected;
    const isDone = await client.catchUp().then(
      () => true,
      () => false,
    );
    if (isDone) return;
  }
}

function missingIn(client: StormClient, sent: ReadonlySet<string>): string[] {
  const seqs = [...client.messages.keys()].sort((a, b) => a - b);
  const isDense = seqs.every((seq, index) => index === 0 || seq === (seqs[index - 1] ?? 0) + 1);
  const have = [...client.messages.values()].filter((id) => id.startsWith('storm'));
  const distinct = new Set(have);
  return [
    ...(isDense && (seqs.length === 0 || seqs[0] === 1) ? [] : ['a member has a hole in its seqs']),
    ...(have.length === distinct.size ? [] : ['a member has a message twice']),
    ...[...sent.difference(distinct)].map((id) => `a member lacks ${id}, which was acknowledged`),
    ...[...distinct.difference(sent)].map((id) => `${id} was never acknowledged`),
  ];
}
