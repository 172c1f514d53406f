/**
 * Steady traffic through the balancer while something fails: chats and a group, by our own clients and by the JS SDK, and
 * tokens that come and go; and afterwards what of all that did not hold.
 */
import { setTimeout as passed } from 'node:timers/promises';
import pg from 'pg';
import { within } from '../within.ts';
import type { ClusterNode, NodeCluster } from './node-cluster.ts';
import { SdkTraffic } from './sdk-traffic.ts';
import { TokenTraffic } from './token-traffic.ts';
import { type Sent, TrafficClient } from './traffic-client.ts';

export interface TrafficOptions {
  readonly cluster: NodeCluster;
  /** Where no fault reaches. */
  readonly databaseUrl: () => string;
  /** Begins all IDs, of this traffic alone: letters and digits. */
  readonly name: string;
}

export interface TrafficResult {
  readonly sent: number;
  readonly acknowledged: number;
  /** Messages times who had them in the end. */
  readonly delivered: number;
  /** From an acknowledgement to the last of the receivers. */
  readonly worstDelayMs: number;
  /** The same, of what was pushed over a connection that was there when it was acknowledged. */
  readonly worstPushMs: number;
  /** By the SDKs. */
  readonly sdkAcknowledged: number;
  readonly tokens: { readonly issued: number; readonly ended: number };
  /** From the end of the fault until every node says of everybody what is true. */
  readonly presenceMs: number;
  /** What did not hold: none is the wanted answer. */
  readonly faults: readonly string[];
}

const clients = 8;
const tokenUsers = 200;
const sendEveryMs = 250;
/** What is on its way comes within this time, with the clients doing nothing. */
const settleLimitMs = 20_000;
const presenceLimitMs = 20_000;
const lookEveryMs = 100;

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #clients: TrafficClient[] = [];
  readonly #tokens: TokenTraffic;
  readonly #sdks: SdkTraffic;
  readonly #lives: Promise<void>[] = [];
  readonly #stop = new AbortController();
  readonly #sending: Promise<void>[] = [];
  readonly #left: string[] = [];
  /** What {@link look} has told. */
  readonly #told = new Set<string>();

  private constructor(options: TrafficOptions, sdks: SdkTraffic) {
    this.#options = options;
    this.#sdks = sdks;
    const { cluster, name } = options;
    this.#tokens = new TokenTraffic(
      cluster.backEnd,
      Array.from({ length: tokenUsers }, (_, index) => `${name}token${index}`),
    );
  }

  /** Resolves when everybody is connected and sends. */
  static async start(options: TrafficOptions): Promise<Traffic> {
    const { cluster, name } = options;
    const { backEnd, nginx } = cluster;
    // Each fault by itself: the one before may have cost an admin's token.
    await logIn(cluster);
    const traffic = new Traffic(options, SdkTraffic.open());
    const userIDs = Array.from({ length: clients }, (_, index) => `${name}user${index}`);
    const sdkUsers = [`${name}sdk0`, `${name}sdk1`];
    const leaver = `${name}leaver`;
    const tokenUserIDs = Array.from({ length: tokenUsers }, (_, index) => `${name}token${index}`);
    await backEnd.register(...userIDs, leaver, ...sdkUsers, ...tokenUserIDs);
    await backEnd.call('/group/create_group', {
      groupInfo: { groupID: `${name}group`, groupName: name, groupType: 2 },
      ownerUserID: userIDs[0],
      memberUserIDs: [...userIDs.slice(1), leaver],
    });
    for (const userID of [...userIDs, leaver]) {
      const token = await backEnd.userToken(userID);
      const client = new TrafficClient({ userID, token, gatewayPort: nginx.gatewayPort });
      traffic.#clients.push(client);
      traffic.#lives.push(client.stayConnected());
    }
    const sdkTokens = await Promise.all(sdkUsers.map((userID) => backEnd.userToken(userID)));
    await traffic.#sdks.start({
      users: sdkUsers.map((userID, index) => ({ userID, token: sdkTokens[index]! })),
      apiAddr: nginx.url,
      wsAddr: `ws://127.0.0.1:${nginx.gatewayPort}`,
    });
    await Promise.all(traffic.#clients.map((client) => within(`${client.userID} to be connected`, client.connected)));
    traffic.#tokens.start();
    const [, ...senders] = traffic.#clients.toReversed();
    for (const [index, client] of senders.entries()) traffic.#sending.push(traffic.#sendSteadily(client, index));
    return traffic;
  }

  /** Somebody leaves for good, whichever node is to notice. */
  oneLeaves(): void {
    const leaver = this.#clients.find(({ userID }) => userID.endsWith('leaver'));
    if (leaver === undefined) return;
    leaver.leave();
    this.#left.push(leaver.userID);
  }

  /**
   * While it goes on, at a moment when all nodes serve.
   * @returns what does not hold of all that was acknowledged until now, each once
   */
  async look(): Promise<readonly string[]> {
    const presence = this.#presenceRecovers(performance.now());
    return this.#new([...(await this.#notHeld()), ...(await presence).faults]);
  }

  /** Once the fault is over. */
  async finish(): Promise<TrafficResult> {
    const presence = this.#presenceRecovers(performance.now());
    await passed(1500);
    this.#stop.abort();
    await within('the last messages to be acknowledged', Promise.all(this.#sending));
    const sdks = await this.#sdks.finish();
    await this.#tokens.stop();
    const faults = [...sdks.faults, ...(await this.#notHeld()), ...(await presence).faults];
    for (const { name, backEnd } of this.#options.cluster.nodes) {
      const isSure = await this.#tokens.check(backEnd, name);
      if (!isSure) faults.push(`${name} cannot say of all tokens what they are`);
    }
    for (const client of this.#clients) client.leave();
    await Promise.all(this.#lives);
    const sent = this.#clients.flatMap((client) => client.sent);
    return {
      sent: sent.length,
      acknowledged: sent.filter(({ serverMsgID }) => serverMsgID !== undefined).length,
      ...this.#deliveries(sent),
      sdkAcknowledged: sdks.acknowledged,
      tokens: this.#tokens.counts,
      presenceMs: (await presence).ms,
      faults: this.#new(faults),
    };
  }

  async #notHeld(): Promise<string[]> {
    const faults = [...(await this.#everythingArrives()), ...(await this.#storedRight())];
    for (const { name, process: server } of this.#options.cluster.nodes) {
      if (!server.isAlive) faults.push(`${name} has ended: ${server.logLines.at(-1)}`);
    }
    return faults;
  }

  /** And what the clients themselves have noticed since. */
  #new(faults: readonly string[]): readonly string[] {
    const all = new Set([...faults, ...this.#tokens.faults, ...this.#clients.flatMap((client) => client.faults)]);
    const isNew = all.difference(this.#told);
    for (const fault of isNew) this.#told.add(fault);
    return [...isNew];
  }

  async #sendSteadily(client: TrafficClient, index: number): Promise<void> {
    const { name } = this.#options;
    // Not all at the same moment.
    await passed((sendEveryMs / clients) * index);
    for (let place = 0; !this.#stop.signal.aborted; place += 1) {
      const dueAtMs = performance.now() + sendEveryMs;
      const partner = `${name}user${this.#clients.indexOf(client) ^ 1}`;
      const target = place % 2 === 0 ? { recvID: partner } : { groupID: `${name}group` };
      await client.send(target, `${client.userID}-${place}`);
      await passed(Math.max(0, dueAtMs - performance.now()));
    }
  }

  /** How long it took until every node knew who is online, or what was wrong to the end. */
  async #presenceRecovers(sinceMs: number): Promise<{ readonly ms: number; readonly faults: readonly string[] }> {
    const { nodes } = this.#options.cluster;
    let wrong = '';
    while (performance.now() - sinceMs < presenceLimitMs) {
      const answers = await Promise.all(nodes.map((node) => this.#wrongAt(node)));
      const stillWrong = answers.find((answer) => answer !== '');
      if (stillWrong === undefined) return { ms: performance.now() - sinceMs, faults: [] };
      wrong = stillWrong;
      await passed(lookEveryMs);
    }
    return { ms: Number.POSITIVE_INFINITY, faults: [`after ${presenceLimitMs / 1000} s ${wrong}`] };
  }

  /** Empty if the node is right about everybody. */
  async #wrongAt({ name, backEnd }: ClusterNode): Promise<string> {
    const userIDs = this.#clients.map(({ userID }) => userID);
    const reply = await backEnd.post('/user/get_users_online_status', { userIDs }).catch(() => undefined);
    if (reply?.errCode !== 0) return `${name} says ${reply?.errCode ?? 'nothing'}`;
    const statuses = reply.data as readonly { userID: string; status: number }[];
    const wrong = statuses.filter(({ userID, status }) => status !== (this.#left.includes(userID) ? 0 : 1));
    return wrong.map(({ userID, status }) => `${name} says that ${userID} is ${status}`).join(', ');
  }

  /** By itself: nobody reconnects or asks. @returns what did not */
  async #everythingArrives(): Promise<string[]> {
    const stored = await this.#newestSeqs();
    const lacking = () =>
      this.#clients
        .filter(({ userID }) => !this.#left.includes(userID))
        .flatMap((client) =>
          [...stored]
            .filter(([id]) => concerns(id, client.userID))
            .flatMap(([id, newest]) => {
              const have = client.received.get(id) ?? new Map();
              const seqs = Array.from({ length: newest }, (_, index) => index + 1);
              return seqs.filter((seq) => !have.has(seq)).map((seq) => `${client.userID} never got ${id}/${seq}`);
            }),
        );
    const deadlineMs = performance.now() + settleLimitMs;
    while (lacking().length > 0 && performance.now() < deadlineMs) await passed(lookEveryMs);
    return lacking();
  }

  #deliveries(sent: readonly Sent[]): Pick<TrafficResult, 'delivered' | 'worstDelayMs' | 'worstPushMs'> {
    const acknowledgedAt = new Map(sent.map(({ clientMsgID, acknowledgedAtMs }) => [clientMsgID, acknowledgedAtMs]));
    let delivered = 0;
    let worstDelayMs = 0;
    let worstPushMs = 0;
    for (const client of this.#clients) {
      for (const { clientMsgID, atMs, connectedAtMs } of [...client.received.values()].flatMap((messages) => [
        ...messages.values(),
      ])) {
        const since = acknowledgedAt.get(clientMsgID);
        // A sender need not wait for its own copy.
        if (since === undefined || clientMsgID.startsWith(`${client.userID}-`)) continue;
        delivered += 1;
        worstDelayMs = Math.max(worstDelayMs, atMs - since);
        if (connectedAtMs !== undefined && connectedAtMs < since) worstPushMs = Math.max(worstPushMs, atMs - since);
      }
    }
    return { delivered, worstDelayMs, worstPushMs };
  }

  async #newestSeqs(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#rows(
      'SELECT conversation_id AS id, max_seq FROM conversation_seqs WHERE conversation_id LIKE $1',
    );
    return new Map(rows.map(({ id = '', max_seq }) => [id, Number(max_seq)]));
  }

  async #storedRight(): Promise<string[]> {
    const faults: string[] = [];
    const acknowledged = this.#clients.flatMap(({ sent }) =>
      sent.filter(({ serverMsgID }) => serverMsgID !== undefined),
    );
    const logs = await this.#rows(
      `SELECT s.conversation_id AS id, s.max_seq, count(m.seq) AS stored, count(DISTINCT m.client_msg_id) AS messages,
              coalesce(min(m.seq), 1) AS first, coalesce(max(m.seq), 0) AS last
       FROM conversation_seqs s LEFT JOIN messages m ON m.conversation_id = s.conversation_id
       WHERE s.conversation_id LIKE $1 GROUP BY s.conversation_id, s.max_seq`,
    );
    for (const { id, max_seq, stored, messages, first, last } of logs) {
      const isDense = first === '1' && last === max_seq && stored === max_seq;
      if (!isDense) faults.push(`${id} has ${stored} of ${max_seq} seqs, ${first} to ${last}`);
      if (messages !== stored) faults.push(`${id} has a message twice`);
    }
    const rows = await this.#rows(
      'SELECT client_msg_id AS id, server_msg_id FROM messages WHERE conversation_id LIKE $1',
    );
    const stored = new Map(rows.map(({ id, server_msg_id }) => [id, server_msg_id]));
    for (const { clientMsgID, serverMsgID = '' } of acknowledged) {
      if (stored.get(clientMsgID) !== serverMsgID) {
        faults.push(`${clientMsgID} was acknowledged and is ${stored.has(clientMsgID) ? 'another one' : 'missing'}`);
      }
    }
    return faults;
  }

  /** @param statement with $1 for what is of this traffic's chats and group */
  async #rows(statement: string): Promise<Record<string, string>[]> {
    const client = new pg.Client({ connectionString: this.#options.databaseUrl() });
    await client.connect();
    try {
      return (await client.query(statement, [`s_\\_${this.#options.name}%`])).rows;
    } finally {
      await client.end();
    }
  }
}

async function logIn({ backEnd, nodes }: NodeCluster): Promise<void> {
  await backEnd.logIn();
  for (const node of nodes) node.backEnd.shareLogin(backEnd);
}

function concerns(conversationID: string, userID: string): boolean {
  return conversationID.startsWith('sg_') || conversationID.split('_').includes(userID);
}
