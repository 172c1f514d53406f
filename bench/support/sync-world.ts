/** A server in this process with many friends and large groups, whose calls are measured: bytes, time, queries, CPU. */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { type App, createApp } from '../../src/app/app.ts';
import { loadConfig } from '../../src/config/config.ts';
import { type Envelope, envelopeOf, send } from '../../test/wire/raw-http.ts';

export interface SyncPlan {
  /** Of the user `me`. */
  readonly friends: number;
  readonly groups: number;
  /** In each of these groups. */
  readonly membersPerGroup: number;
  /** Members of the groups `large1000`... in which `me` is, too. */
  readonly largeGroups: readonly number[];
}

/** What one call took. */
export interface Cost {
  readonly bytes: number;
  readonly ms: number;
  readonly queries: number;
  /** Of this whole process, which is client and server. */
  readonly cpuMs: number;
}

export interface MeasuredCall extends Cost {
  // biome-ignore lint/suspicious/noExplicitAny: benchmarks look into whatever the endpoint answers
  readonly data: any;
}

const secret = 'a secret only for benchmarks, and long enough';

export class SyncWorld implements AsyncDisposable {
  readonly wsPort: number;
  readonly #app: App;
  readonly #apiPort: number;
  readonly #dataDir: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #queries = countQueries();
  readonly #tokens = new Map<string, string>();

  private constructor(app: App, { apiPort, wsPort }: { apiPort: number; wsPort: number }, dataDir: string) {
    this.#app = app;
    this.#apiPort = apiPort;
    this.wsPort = wsPort;
    this.#dataDir = dataDir;
  }

  static async open(plan: SyncPlan): Promise<SyncWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tessera-sync-'));
    // Once for the schema, before the rows are there.
    await (await newApp(dataDir))[Symbol.asyncDispose]();
    fill(join(dataDir, 'tessera.db'), plan);
    const app = await newApp(dataDir);
    const world = new SyncWorld(app, await app.start(), dataDir);
    const { token } = await world.#post('/auth/get_admin_token', { secret, userID: 'imAdmin' }, '');
    world.#tokens.set('imAdmin', token);
    return world;
  }

  async tokenOf(userID: string): Promise<string> {
    const known = this.#tokens.get(userID);
    if (known !== undefined) return known;
    const { token } = await this.#post(
      '/auth/get_user_token',
      { userID, platformID: 5 },
      this.#tokens.get('imAdmin') ?? '',
    );
    this.#tokens.set(userID, token);
    return token;
  }

  async call(userID: string, path: string, body: object): Promise<MeasuredCall> {
    const token = await this.tokenOf(userID);
    const before = { queries: this.#queries(), cpu: process.cpuUsage(), at: performance.now() };
    const reply = await this.#send(path, body, token);
    const ms = performance.now() - before.at;
    const { user, system } = process.cpuUsage(before.cpu);
    const queries = this.#queries() - before.queries;
    return { bytes: reply.body.length, ms, queries, cpuMs: (user + system) / 1000, data: dataOf(path, reply) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.#app[Symbol.asyncDispose]();
    await rm(this.#dataDir, { recursive: true });
  }

  // biome-ignore lint/suspicious/noExplicitAny: see MeasuredCall
  async #post(path: string, body: object, token: string): Promise<any> {
    return dataOf(path, await this.#send(path, body, token));
  }

  #send(path: string, body: object, token: string) {
    const headers = { operationID: 'bench', ...(token === '' ? {} : { token }) };
    return send(this.#apiPort, { path, headers, body: JSON.stringify(body), agent: this.#agent });
  }
}

function dataOf(path: string, reply: Parameters<typeof envelopeOf>[0]): unknown {
  const { errCode, errDlt, data }: Envelope = envelopeOf(reply);
  if (errCode !== 0) throw new Error(`${path} answered ${errCode} ${errDlt}`);
  return data;
}

function newApp(dataDir: string): Promise<App> {
  return createApp(
    loadConfig({
      environment: {
        TESSERA_DATA_DIR: dataDir,
        TESSERA_SECRET: secret,
        TESSERA_API_PORT: '0',
        TESSERA_WS_PORT: '0',
        TESSERA_LOG_LEVEL: 'fatal',
        // Those who join come on top.
        TESSERA_MAX_GROUP_MEMBERS: '200000',
      },
    }),
  );
}

/** Statements that this process has run, from now on. */
function countQueries(): () => number {
  let count = 0;
  const prototype = StatementSync.prototype as unknown as Record<string, (...values: unknown[]) => unknown>;
  for (const name of ['all', 'get', 'run', 'iterate']) {
    const original = prototype[name];
    if (original === undefined) throw new Error(`node:sqlite has no ${name}`);
    prototype[name] = function (this: unknown, ...values) {
      count += 1;
      return original.apply(this, values);
    };
  }
  return () => count;
}

/** By SQL: to make a hundred thousand members by calls takes minutes. */
function fill(path: string, { friends, groups, membersPerGroup, largeGroups }: SyncPlan): void {
  using db = new DatabaseSync(path);
  db.exec('BEGIN');
  const addUser = db.prepare("INSERT INTO users VALUES (?, ?, ?, '', 1, 0, 0)");
  const others = Math.max(friends, membersPerGroup, ...largeGroups);
  addUser.run('me', 'Me', '');
  for (let index = 0; index < others; index += 1) {
    addUser.run(userNamed(index), `Nickname ${index}`, `https://example.com/faces/${index}.png`);
  }
  const addFriend = db.prepare(
    `INSERT INTO friends (owner_user_id, friend_user_id, add_source, operator_user_id, created_at, position)
     VALUES ('me', ?, 1, 'imAdmin', 1, ?)`,
  );
  for (let index = 0; index < friends; index += 1) addFriend.run(userNamed(index), index);
  const addGroup = db.prepare(
    `INSERT INTO groups VALUES (?, ?, 'An announcement', 'An introduction', '', '', ?, 0, 'me', 2, 2, 0, 0, 0, '', 'me', ?)`,
  );
  const addMember = db.prepare(
    `INSERT INTO group_members (group_id, user_id, role_level, joined_at, join_source, operator_user_id, inviter_user_id)
     VALUES (?, ?, ?, ?, 2, 'me', 'me')`,
  );
  const make = (groupID: string, members: number) => {
    addGroup.run(groupID, `Group ${groupID}`, 1, members);
    addMember.run(groupID, 'me', 100, 0);
    for (let index = 0; index < members - 1; index += 1) addMember.run(groupID, userNamed(index), 20, index + 1);
  };
  for (let index = 0; index < groups; index += 1) make(`g${index}`, membersPerGroup);
  for (const members of largeGroups) make(largeGroup(members), members);
  db.exec('COMMIT');
}

export function userNamed(index: number): string {
  return `user${index}`;
}

export function largeGroup(members: number): string {
  return `large${members}`;
}
