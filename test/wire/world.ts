/** A whole server in this process, with its embedded stores, a few users, and a token of every kind. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from '../../src/app/app.ts';
import type { AppOverrides } from '../../src/app/ground.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { PlatformID } from '../../src/protocol/numbers/platforms.ts';
import { newTokenID, TokenCodec } from '../../src/tokens/claims.ts';
import { SigningKeys } from '../../src/tokens/signing-keys.ts';
import { copyMigratedSqlite } from '../support/migrated-databases.ts';
import { type Envelope, envelopeOf, type RawReply, type RawRequest, send } from './raw-http.ts';

export const adminSecret = 'a-secret-only-for-tests';
export const signingKey = 'a signing key only for the tests of the wire';
export const adminUserID = 'imAdmin';

/**
 * `admin`: of imAdmin. `user`: of alice, on platform 1. `other`: of bob, on platform 1. `none`: no header.
 * `broken`: not a JWT. `forged`: signed with another key. `expired`: of alice, a second ago. `kicked`: of carol, by a
 * newer login. `unknown`: well signed, never issued.
 */
export type TokenKind = 'admin' | 'user' | 'other' | 'none' | 'broken' | 'forged' | 'expired' | 'kicked' | 'unknown';

const ttlMs = 3_600_000;

export class World implements AsyncDisposable {
  readonly app: App;
  readonly apiPort: number;
  readonly wsPort: number;
  readonly dataDir: string;
  readonly #clock: { offsetMs: number; setByMs: number };
  readonly #tokens = new Map<TokenKind, string>();
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(
    app: App,
    { apiPort, wsPort }: { apiPort: number; wsPort: number },
    dataDir: string,
    clock: { offsetMs: number; setByMs: number },
  ) {
    this.app = app;
    this.apiPort = apiPort;
    this.wsPort = wsPort;
    this.dataDir = dataDir;
    this.#clock = clock;
  }

  /** @param settings TESSERA_* beside those for tests */
  static async open(
    settings: Readonly<Record<string, string>> = {},
    overrides: Pick<AppOverrides, 'logDestination'> = {},
  ): Promise<World> {
    const world = await World.#start(settings, overrides);
    await world.#populate();
    return world;
  }

  /**
   * Another node of the cluster of a world with the same stores, whose users and tokens it shares.
   * @param hostAheadMs of the clock of its host
   */
  static async join(first: World, settings: Readonly<Record<string, string>>, hostAheadMs = 0): Promise<World> {
    const world = await World.#start(settings, {}, hostAheadMs);
    for (const [kind, token] of first.#tokens) world.#tokens.set(kind, token);
    return world;
  }

  static async #start(
    settings: Readonly<Record<string, string>>,
    overrides: Pick<AppOverrides, 'logDestination'> = {},
    setByMs = 0,
  ): Promise<World> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tessera-wire-'));
    await copyMigratedSqlite(join(dataDir, 'tessera.db'));
    const config = loadConfig({
      environment: {
        TESSERA_DATA_DIR: dataDir,
        TESSERA_SECRET: adminSecret,
        // To derive one costs a tenth of a second for every world.
        TESSERA_SIGNING_KEYS: signingKey,
        TESSERA_TOKEN_TTL: `${ttlMs}ms`,
        TESSERA_API_PORT: '0',
        TESSERA_WS_PORT: '0',
        TESSERA_LOG_LEVEL: 'fatal',
        ...settings,
      },
    });
    const clock = { offsetMs: 0, setByMs };
    const app = await createApp(config, {
      ...overrides,
      clock: () => Date.now() + clock.offsetMs + clock.setByMs,
      monotonicMs: () => performance.now() + clock.offsetMs,
    });
    return new World(app, await app.start(), dataDir, clock);
  }

  /** As a step of NTP does: no time passes. */
  setClock(byMs: number): void {
    this.#clock.setByMs = byMs;
  }

  /** Time goes by for the server. */
  passTime(ms: number): void {
    this.#clock.offsetMs += ms;
  }

  /** The text of a token; '' for `none`. */
  token(kind: TokenKind): string {
    return this.#tokens.get(kind) ?? '';
  }

  /** On a connection that stays open, unless the request names an agent. */
  send(request: RawRequest): Promise<RawReply> {
    return send(this.apiPort, { agent: this.#agent, ...request });
  }

  /** @param body text or bytes are sent as they are, anything else as JSON */
  post(path: string, body: unknown, token: string): Promise<RawReply> {
    return this.send({
      path,
      headers: { operationID: `op-${path}`, ...(token === '' ? {} : { token }) },
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
  }

  /** Like {@link post}, as the admin, for calls that must succeed. @returns the envelope's data */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the endpoint answers
  async call(path: string, body: unknown): Promise<any> {
    const envelope: Envelope = envelopeOf(await this.post(path, body, this.token('admin')));
    if (envelope.errCode !== 0) throw new Error(`${path} answered ${envelope.errCode} ${envelope.errDlt}`);
    return envelope.data;
  }

  async register(...userIDs: string[]): Promise<void> {
    await this.call('/user/user_register', { users: userIDs.map((userID) => ({ userID, nickname: userID })) });
  }

  async issue(userID: string, platformID: number): Promise<string> {
    const { token } = await this.call('/auth/get_user_token', { userID, platformID });
    return token;
  }

  async issueAdmin(): Promise<string> {
    const { token } = await this.call('/auth/get_admin_token', { secret: adminSecret, userID: adminUserID });
    return token;
  }

  /** Once that of the beginning has expired. */
  async renewAdmin(): Promise<void> {
    this.#tokens.set('admin', await this.issueAdmin());
  }

  /** The errCode that `token` meets on an ordinary endpoint; 0 if it is accepted. */
  async verdict(token: string): Promise<number> {
    return envelopeOf(await this.post('/user/get_users_info', { userIDs: ['alice'] }, token)).errCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.app[Symbol.asyncDispose]();
    await rm(this.dataDir, { recursive: true });
  }

  async #populate(): Promise<void> {
    this.#tokens.set('admin', await this.issueAdmin());
    await this.register('alice', 'bob', 'carol');
    this.#tokens.set('user', await this.issue('alice', 1));
    this.#tokens.set('other', await this.issue('bob', 1));
    this.#tokens.set('kicked', await this.issue('carol', 1));
    await this.issue('carol', 1);
    this.#tokens.set('broken', 'not-a-token');
    this.#tokens.set('forged', signed('another key altogether', 'alice', 1, Date.now()));
    this.#tokens.set('expired', signed(signingKey, 'alice', 1, Date.now() - ttlMs - 1000));
    this.#tokens.set('unknown', signed(signingKey, 'alice', 1, Date.now()));
  }
}

function signed(key: string, userID: string, platformID: PlatformID, now: number): string {
  return new TokenCodec(new SigningKeys([key])).sign({ userID, platformID, jti: newTokenID(randomBytes), now, ttlMs })
    .token;
}
