/** A server and its operator's receiver: which hooks a call fires, and with which bodies. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { type HookName, hookNames, hookTable } from '../../src/webhooks/hook-table.ts';
import { type HeardHook, type HookAnswer, HookReceiver } from '../support/hook-receiver.ts';
import { type Envelope, envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

export const hookSecret = `whsec_${Buffer.from('a secret of the receiver').toString('base64')}`;

/** A call, and the hooks that it fires: commands without what all have in common, and whole bodies. */
export interface Scene {
  readonly name: string;
  readonly act: (on: HookWorld) => Promise<unknown>;
  /** `*` is a value that differs from run to run. */
  readonly heard: readonly HeardBody[];
}

export type HeardBody = readonly [command: string, body: object];

export class HookWorld implements AsyncDisposable {
  readonly receiver: HookReceiver;
  readonly world: World;

  private constructor(receiver: HookReceiver, world: World) {
    this.receiver = receiver;
    this.world = world;
  }

  /** @param hooks lines of the file that say which are on; all by default but those of pushes @param settings TESSERA_* */
  static async open(hooks = everyHook, settings: Readonly<Record<string, string>> = {}): Promise<HookWorld> {
    const receiver = await HookReceiver.open();
    // Several suites of a process open theirs at the same time.
    const path = join(tmpdir(), `tessera-hooks-${randomUUID()}.yml`);
    await writeFile(path, [`url: ${receiver.url}/back/end/?tenant=a`, ...hooks].join('\n'));
    const world = await World.open({ TESSERA_WEBHOOKS_FILE: path, TESSERA_WEBHOOKS_SECRET: hookSecret, ...settings });
    await rm(path);
    return new HookWorld(receiver, world);
  }

  async post(path: string, body: object, token = this.world.token('admin')): Promise<Envelope> {
    return envelopeOf(await this.world.post(path, body, token));
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the endpoint answers
  async done(path: string, body: object, token?: string): Promise<any> {
    const { errCode, errDlt, data } = await this.post(path, body, token);
    assert.equal(errCode, 0, `${path}: ${errDlt}`);
    return data;
  }

  /** As alice. */
  send(fields: object): Promise<unknown> {
    return this.done('/msg/send_msg', { sendID: 'alice', contentType: 101, content: { content: 'hello' }, ...fields });
  }

  /** Once all has been told. */
  async settled(): Promise<void> {
    using database = new DatabaseSync(join(this.world.dataDir, 'tessera.db'), { readOnly: true });
    const open = database.prepare(`SELECT 1 FROM deliveries WHERE topic = 'webhooks' AND parked_at IS NULL LIMIT 1`);
    while (open.get() !== undefined) await setTimeout(5);
  }

  /** What a scene makes the receiver hear, in the form in which scenes tell it: {@link inOrder}. */
  async heardBy({ act, heard }: Pick<Scene, 'act' | 'heard'>): Promise<readonly HeardBody[]> {
    const from = this.receiver.heard.length;
    await act(this);
    await this.receiver.since(from, heard.length);
    await this.settled();
    return inOrder(this.receiver.heard.slice(from).map(toHeardBody));
  }

  /** With this answer to one command, and `{}` to all others again afterwards. */
  async answering<T>(command: string, answer: HookAnswer, act: () => Promise<T>): Promise<T> {
    this.receiver.answers.set(`callback${command}Command`, answer);
    try {
      return await act();
    } finally {
      this.receiver.answers.clear();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await this.receiver[Symbol.asyncDispose]();
  }
}

/** Asked before whatever is pushed: notices of all that scenes do as well. */
const pushHookNames: readonly HookName[] = ['beforeOnlinePush', 'beforeGroupOnlinePush', 'beforeOfflinePush'];

const switchedOn = (names: readonly HookName[]) => names.map((name) => `${name}: { enable: true, timeout: 5 }`);

export const pushHooks = switchedOn(pushHookNames);
const everyHook = switchedOn(hookNames.filter((name) => !pushHookNames.includes(name)));

/** The receiver is asked in an order; what it is told of comes in order per key only, whenever it comes. */
export function inOrder(heard: readonly HeardBody[]): readonly HeardBody[] {
  const isAsked = ([command]: HeardBody) => asked.has(command);
  const told = heard.filter((one) => !isAsked(one));
  return [...heard.filter(isAsked), ...told.toSorted((one, other) => (canonical(one) < canonical(other) ? -1 : 1))];
}

export const shortCommand = (command: string) => command.replace(/^callback|Command$/g, '');

const asked: ReadonlySet<string> = new Set(
  Object.values(hookTable).flatMap(({ command, when }) => (when === 'before' ? [shortCommand(command)] : [])),
);

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return canonical(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function toHeardBody({ command, body }: HeardHook): HeardBody {
  const { callbackCommand, ...rest } = body;
  assert.equal(callbackCommand, command);
  return [shortCommand(command), withoutChanging(rest) as object];
}

/** Values that differ from run to run are only looked at for their kind. */
const changing: Readonly<Record<string, (value: never) => boolean>> = {
  // '' where the protocol has it so.
  operationID: (value: string) => value.length > 0,
  clientMsgID: (value: string) => /^[0-9a-f]{32}$/.test(value),
  serverMsgID: (value: string) => /^[0-9a-f]{32}$/.test(value),
  sendTime: (value: number) => value > 1e12,
  createTime: (value: number) => value === 0 || value > 1e12,
  time: (value: number) => value > 1e12,
  expiresAt: (value: number) => value > 1e12,
  // Of what has no place in a log it is a time.
  seq: (value: number) => value > 1e12,
  connID: (value: string) => value.length > 0,
  tokenID: (value: string) => value.length > 0,
  renews: (value: string) => value.length > 0,
};

function withoutChanging(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutChanging);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    changing[key]?.(item as never) ? '*' : withoutChanging(item),
  ]);
  return Object.fromEntries(entries);
}
