/** A real gateway on a free port, with everything around it under the test's control: tokens, handlers, time. */
import type { IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import { MemoryBus } from '../../src/bus/memory-bus.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import type { GroupMemberships } from '../../src/gateway/group-index.ts';
import { defaultLimits, type GatewayLimits } from '../../src/gateway/limits.ts';
import type { RequestHandler } from '../../src/gateway/requests/request-handler.ts';
import type { Delivery } from '../../src/log/delivery.ts';
import { MemoryPresence } from '../../src/presence/memory-presence.ts';
import { errors } from '../../src/protocol/errors.ts';
import type { FrameCodec } from '../../src/protocol/frames/frames.ts';
import { createJsonFrameCodec } from '../../src/protocol/frames/json-frame-codec.ts';
import type { PlatformID } from '../../src/protocol/numbers/platforms.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { OperationScope } from '../../src/telemetry/operation.ts';
import { TokenEvents } from '../../src/tokens/events.ts';
import type { Session } from '../../src/tokens/session.ts';
import { connect, type DialOptions, dial, type Refusal, type SocketClient } from './socket-client.ts';

export interface TestGatewayOptions {
  readonly limits?: Partial<GatewayLimits>;
  readonly handlers?: Readonly<Record<number, RequestHandler>>;
  readonly codec?: FrameCodec;
  readonly memberships?: GroupMemberships;
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
  readonly committed?: GatewayOptions['committed'];
}

/** Ends with the test. */
export async function startTestGateway(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = new TestGateway(options);
  t.after(() => gateway.stop());
  await gateway.start();
  return gateway;
}

export class TestGateway {
  readonly gateway: Gateway;
  readonly events = new TokenEvents((error) => this.log.push(String(error)));
  readonly authority = new TestAuthority(this.events);
  readonly bus = new MemoryBus();
  readonly presence = new MemoryPresence();
  readonly metrics = createMetrics();
  /** Log lines, as they would be printed. */
  readonly log: string[] = [];
  /** Unix ms. */
  now = Date.UTC(2030, 0, 1);
  monotonicMs = 0;
  port = 0;
  #onSecond = () => {};
  readonly #clients = new Set<SocketClient>();

  constructor({ limits, handlers = {}, codec = createJsonFrameCodec(), ...rest }: TestGatewayOptions) {
    const scope = new OperationScope();
    const destination = { write: (line: string) => this.log.push(line) > 0 } as unknown as NodeJS.WritableStream;
    this.gateway = createGateway({
      authority: this.authority,
      events: this.events,
      handlers: new Map(Object.entries(handlers).map(([id, handler]) => [Number(id), handler])),
      bus: this.bus,
      presence: this.presence,
      codecs: { js: codec },
      limits: { ...defaultLimits, ...limits },
      ...rest,
      metrics: this.metrics,
      logger: createLogger({ level: 'info', format: 'json', secrets: () => [], scope, destination }),
      scope,
      clock: () => this.now,
      monotonicMs: () => this.monotonicMs,
      everySecond: (onSecond) => {
        this.#onSecond = onSecond;
        return () => {};
      },
    });
  }

  async start(): Promise<void> {
    this.port = await this.gateway.listen('127.0.0.1', 0);
  }

  /** Ends all clients made here, so that draining does not wait for them. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.ws.terminate();
    await this.gateway[Symbol.asyncDispose]();
  }

  /** Lets seconds pass: the clock moves on, and the gateway looks at its connections after each. */
  passSeconds(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.now += 1000;
      this.#onSecond();
    }
  }

  /** Connects with a token of its own; a platform of 5 unless the query says otherwise. */
  async connect(userID: string, options: Omit<DialOptions, 'port'> = {}): Promise<SocketClient & { jti: string }> {
    const platformID = Number(options.query?.platformID ?? 5) as PlatformID;
    const token = options.query?.token ?? this.authority.issue(userID, platformID);
    const client = await connect({ ...options, port: this.port, query: { sendID: userID, ...options.query, token } });
    this.#clients.add(client);
    return Object.assign(client, { jti: token });
  }

  async dial(options: Omit<DialOptions, 'port'>): Promise<SocketClient | Refusal> {
    const outcome = await dial({ ...options, port: this.port });
    if ('ws' in outcome) this.#clients.add(outcome);
    return outcome;
  }

  deliver({ userIDs, ...delivery }: Partial<Delivery> & { readonly userIDs?: readonly string[] }): void {
    const audience = { users: userIDs ?? [] };
    const conversationID = 'si_alice_bob';
    const fields = { audience, conversationID, body: Buffer.from('body'), operationID: 'op' };
    this.bus.deliver({ ...fields, logID: conversationID, seq: 0, ...delivery });
  }

  /** The value of one series of a metric. */
  async metric(
    name:
      | 'gatewayConnections'
      | 'gatewayHandshakes'
      | 'gatewayRequests'
      | 'gatewayDisconnects'
      | 'gatewaySubscriptions'
      | 'pushes'
      | 'statusPushes',
    labels: Readonly<Record<string, string | number>> = {},
  ): Promise<number> {
    const { values } = await this.metrics[name].get();
    return values
      .filter((value) => Object.entries(labels).every(([key, label]) => (value.labels as never)[key] === label))
      .reduce((sum, { value }) => sum + value, 0);
  }
}

/** Tokens are their own jti, 22 characters; what verification answers is the test's choice. */
class TestAuthority {
  readonly displaced: string[] = [];
  /** What `verify` waits for before it answers; the answer is decided before. */
  gate: Promise<unknown> = Promise.resolve();
  /** What a verification of this token throws. */
  readonly failures = new Map<string, Error>();
  displacementFailure: Error | undefined;
  displaces = (platformID: PlatformID): readonly PlatformID[] => [platformID];
  readonly #events: TokenEvents;
  readonly #sessions = new Map<string, Session>();

  constructor(events: TokenEvents) {
    this.#events = events;
  }

  /** A token of 90 days. */
  issue(userID: string, platformID: PlatformID = 5, endsAt = Date.UTC(2030, 3, 1)): string {
    const jti = `token${String(this.#sessions.size).padStart(17, '0')}`;
    const times = { issuedAt: 0, loginAt: 0, expiresAt: endsAt, endsAt };
    this.#sessions.set(jti, { userID, platformID, isAdmin: false, jti, ...times, isSuperseded: false, kid: 'k' });
    return jti;
  }

  /** A token whose verification fails. */
  issueBad(error: Error): string {
    const jti = `bad-${String(this.failures.size).padStart(18, '0')}`;
    this.failures.set(jti, error);
    return jti;
  }

  async verify(token: string): Promise<Session> {
    const failure = this.failures.get(token);
    const session = this.#sessions.get(token);
    await this.gate;
    if (failure !== undefined) throw failure;
    if (session === undefined) throw errors.tokenNotExist();
    return session;
  }

  displacedPlatforms(platformID: PlatformID): readonly PlatformID[] {
    return this.displaces(platformID);
  }

  displaceElsewhere(session: Pick<Session, 'userID' | 'jti'>, jtis: readonly string[]): Promise<void> {
    return this.displace(session, jtis);
  }

  async displace(session: Pick<Session, 'userID' | 'jti'>, jtis: readonly string[]): Promise<void> {
    if (this.displacementFailure !== undefined) throw this.displacementFailure;
    this.displaced.push(...jtis);
    this.end(session.userID, jtis);
  }

  /** What the store says of a session's token; undefined if it has been ended. */
  standing: (jti: string) => Promise<number | undefined> = async () => Number.POSITIVE_INFINITY;

  /** Whether what happens to tokens elsewhere is heard of. */
  hearsAll = () => true;

  lookAgain({ jti }: { readonly jti: string }): Promise<number | undefined> {
    return this.standing(jti);
  }

  /** Kicks tokens, as a login or an administrator elsewhere does. */
  end(userID: string, jtis: readonly string[]): void {
    for (const jti of jtis) this.failures.set(jti, errors.tokenKicked());
    const by = { userID: 'imAdmin', operationID: 'op' };
    this.#events.emit('tokensEnded', { userID, platformID: 5, jtis, reason: 'forced', origin: 'here', by });
  }

  supersede(userID: string, jtis: readonly string[], acceptedUntil: number): void {
    this.#events.emit('tokensSuperseded', { userID, jtis, acceptedUntil, origin: 'here' });
  }
}
