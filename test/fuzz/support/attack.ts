/**
 * Hostile connections of every codec against a whole server in this process, with two clients beside them that have to
 * notice nothing. Used by gateway-frames.test.ts for a while and by gateway-soak.ts for long.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type App, createApp } from '../../../src/app/app.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { MsgData, PushMessages } from '../../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../../src/protocol/message.ts';
import { BackEnd } from '../../support/back-end.ts';
import { connect, type SocketClient } from '../../support/socket-client.ts';
import { adminSecret } from '../../support/tessera-process.ts';
import { type ClientCodec, clientCodecs } from './client-codec.ts';
import { HostileFrames } from './hostile-frames.ts';
import { Mutator } from './mutator.ts';

/** Frames that one connection sends before it is asked whether it still lives. */
const burst = 8;

export class Attack implements AsyncDisposable {
  /** Lines of the server's log that should not be there. */
  readonly log: string[];
  frames = 0;
  #told = 0;
  readonly #resources: AsyncDisposableStack;
  readonly #attackers: readonly Attacker[];
  readonly #bystanders: readonly [Bystander, Bystander];

  private constructor(
    resources: AsyncDisposableStack,
    log: string[],
    attackers: readonly Attacker[],
    bystanders: readonly [Bystander, Bystander],
  ) {
    this.#resources = resources;
    this.log = log;
    this.#attackers = attackers;
    this.#bystanders = bystanders;
  }

  static async start(seed: number): Promise<Attack> {
    await using opened = new AsyncDisposableStack();
    const log: string[] = [];
    const dataDir = await mkdtemp(join(tmpdir(), 'tessera-fuzz-'));
    opened.defer(() => rm(dataDir, { recursive: true }));
    const app = opened.use(await startServer(dataDir, log));
    const { apiPort, wsPort } = await app.start();
    const backEnd = new BackEnd(() => `http://127.0.0.1:${apiPort}`);
    await backEnd.register('mallory', 'alice', 'bob');

    const attackers = clientCodecs.map(async (codec, index) => {
      const token = await backEnd.userToken('mallory', index + 1);
      return new Attacker(codec, new Mutator(seed + index), { port: wsPort, token, platformID: index + 1 });
    });
    const [plain, packed] = [clientCodecs[0]!, clientCodecs[3]!];
    const alice = await Bystander.connect(plain, 'alice', wsPort, await backEnd.userToken('alice'));
    const bob = await Bystander.connect(packed, 'bob', wsPort, await backEnd.userToken('bob'));
    const ready = await Promise.all(attackers);
    return new Attack(opened.move(), log, ready, [alice, bob]);
  }

  /** Each hostile connection sends so many frames, in bursts, with the bystanders talking in between. */
  async run(framesEach: number): Promise<void> {
    for (let bursts = 0; bursts * burst < framesEach; bursts++) {
      for (const attacker of this.#attackers) await attacker.attack(burst);
      this.frames += burst * this.#attackers.length;
      if (bursts % 5 === 0) await this.#talk();
    }
  }

  /** Asserts that nothing but the protocol's answers has been given. */
  assertUnharmed(): void {
    assert.deepEqual(this.log, []);
  }

  /** Bytes in use after a collection, with the hostile connections gone. */
  async memoryAtRest(): Promise<number> {
    for (const attacker of this.#attackers) await attacker.leave();
    await this.#talk();
    return memoryInUse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const attacker of this.#attackers) await attacker.leave();
    for (const bystander of this.#bystanders) bystander.leave();
    await this.#resources.disposeAsync();
  }

  async #talk(): Promise<void> {
    const [alice, bob] = this.#bystanders;
    await alice.tell(bob, `message ${++this.#told}`);
    await bob.tell(alice, `message ${++this.#told}`);
  }
}

/** What zlib held outside the heap is given back only after what held it: one collection is not enough. */
async function memoryInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise(setImmediate);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function startServer(dataDir: string, log: string[]): Promise<App> {
  const environment = {
    TESSERA_DATA_DIR: dataDir,
    TESSERA_SECRET: adminSecret,
    TESSERA_API_PORT: '0',
    TESSERA_WS_PORT: '0',
    TESSERA_LOG_LEVEL: 'warn',
    TESSERA_LOG_FORMAT: 'json',
  };
  const destination = { write: (line: string) => log.push(line) > 0 } as unknown as NodeJS.WritableStream;
  return createApp(loadConfig({ environment }), { logDestination: destination });
}

interface Access {
  readonly port: number;
  readonly token: string;
  readonly platformID: number;
}

/** Connects again whenever it has been thrown out. */
class Attacker {
  readonly #codec: ClientCodec;
  readonly #frames: HostileFrames;
  readonly #access: Access;
  #client: SocketClient | undefined;

  constructor(codec: ClientCodec, mutator: Mutator, access: Access) {
    this.#codec = codec;
    this.#frames = new HostileFrames(codec, 'mallory', mutator);
    this.#access = access;
  }

  async attack(count: number): Promise<void> {
    this.#client ??= await this.#connect();
    const { ws } = this.#client;
    for (let i = 0; i < count; i++) {
      const { bytes, isBinary } = this.#frames.next();
      ws.send(bytes, { binary: isBinary });
    }
    await Promise.race([this.#client.roundTrip(), this.#client.closed]);
    if (ws.readyState !== ws.OPEN) this.#client = undefined;
  }

  async leave(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    client?.ws.terminate();
    await client?.closed;
  }

  async #connect(): Promise<SocketClient> {
    const { port, token, platformID } = this.#access;
    const query = { sendID: 'mallory', token, platformID: String(platformID), ...this.#codec.query };
    const client = await connect({ port, query });
    // What comes back is not looked at, and must not pile up here.
    client.ws.removeAllListeners('message').on('message', () => {});
    return client;
  }
}

class Bystander {
  readonly #codec: ClientCodec;
  readonly #client: SocketClient;

  private constructor(codec: ClientCodec, client: SocketClient) {
    this.#codec = codec;
    this.#client = client;
  }

  static async connect(codec: ClientCodec, userID: string, port: number, token: string): Promise<Bystander> {
    return new Bystander(codec, await connect({ port, query: { sendID: userID, token, ...codec.query } }));
  }

  /** Sends a message, and waits for its acknowledgement and for its arrival at both. */
  async tell(other: Bystander, text: string): Promise<void> {
    const [sendID, recvID] = [this.#client.userID, other.#client.userID];
    const content = Buffer.from(JSON.stringify({ content: text }));
    const message = newMsgData({
      sendID,
      recvID,
      clientMsgID: text,
      sessionType: 1,
      msgFrom: 100,
      contentType: 101,
      content,
    });
    const data = MsgData.encode(message).finish();
    const request = { reqIdentifier: 1003, sendID, operationID: text, msgIncr: text, data };
    this.#client.ws.send(this.#codec.wrap(this.#codec.encode(request)));
    const reply = await this.#next(1003);
    assert.deepEqual([reply.msgIncr, reply.errCode], [text, 0]);
    for (const side of [this, other]) {
      const push = await side.#next(2001);
      const [pushed] = [...PushMessages.decode(push.data).msgs.values()][0]?.Msgs ?? [];
      assert.equal(pushed?.clientMsgID, text);
    }
  }

  leave(): void {
    this.#client.ws.terminate();
  }

  async #next(reqIdentifier: number): Promise<ReturnType<ClientCodec['decode']>> {
    const { isBinary, data } = await this.#client.next();
    assert.ok(isBinary, `a text frame: ${data}`);
    const frame = this.#codec.decode(this.#codec.unwrap(data));
    assert.equal(frame.reqIdentifier, reqIdentifier);
    return frame;
  }
}
