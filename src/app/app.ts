/**
 * The composition root: configuration to objects, in order, by hand. What was opened is closed in reverse order, also
 * when starting fails half-way.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { MemoryBus } from '../bus/memory-bus.ts';
import type { Config } from '../config/config.ts';
import { exposure } from '../config/file-modes.ts';
import { loadSecrets, type Secrets } from '../config/secrets.ts';
import { SigningKeyWatch } from '../config/signing-key-watch.ts';
import { ConversationPreviews } from '../conversations/conversation-previews.ts';
import { ConversationRows } from '../conversations/conversation-rows.ts';
import { Conversations } from '../conversations/conversations.ts';
import { ReadState } from '../conversations/read-state.ts';
import { payloadBytes } from '../conversations/reply-budget.ts';
import { makeDataDir } from '../database/data-dir-lock.ts';
import { createAddressOf } from '../gateway/connection/peer.ts';
import { createGateway } from '../gateway/gateway.ts';
import { defaultLimits } from '../gateway/limits.ts';
import { createRequestHandlers } from '../gateway/requests/requests.ts';
import { oauthEndpoints } from '../http/oauth/index.ts';
import { OauthClients } from '../http/oauth/oauth-clients.ts';
import { endpoints } from '../http/routes/index.ts';
import { HttpServer } from '../http/server.ts';
import type { Services } from '../http/services.ts';
import { ClockWatch } from '../kernel/clock-watch.ts';
import { opening } from '../kernel/start-error.ts';
import { GroupCommit } from '../log/group-commit.ts';
import { MessagePipeline } from '../log/pipeline.ts';
import { History } from '../messaging/history.ts';
import { Messenger } from '../messaging/messenger.ts';
import { userCommandNotice, userInfoNotice } from '../notices/catalogue/users.ts';
import { Notifier, noticeSender } from '../notices/notifier.ts';
import { Outbox } from '../notices/outbox.ts';
import { MemoryPresence } from '../presence/memory-presence.ts';
import { OnlineStatus } from '../presence/online-status.ts';
import { createGobFrameCodec } from '../protocol/frames/gob-frame-codec.ts';
import { createJsonFrameCodec } from '../protocol/frames/json-frame-codec.ts';
import { SqlClientConfigStore } from '../store/sql-client-config-store.ts';
import { SqlConversationStore } from '../store/sql-conversation-store.ts';
import { SqlConversationViewStore } from '../store/sql-conversation-view-store.ts';
import { SqlMessageStore } from '../store/sql-message-store.ts';
import { SqlOutboxStore } from '../store/sql-outbox-store.ts';
import { SqlReadPositionStore } from '../store/sql-read-position-store.ts';
import { SqlSendingFacts } from '../store/sql-sending-facts.ts';
import { SqlTokenEventStore } from '../store/sql-token-event-store.ts';
import { SqlUserCommandStore } from '../store/sql-user-command-store.ts';
import { SqlUserStore } from '../store/sql-user-store.ts';
import { SqlVersionLogStore } from '../store/sql-version-log-store.ts';
import { EmptyRelations } from '../sync/empty-relations.ts';
import { VersionLog } from '../sync/version-log.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { OperationScope } from '../telemetry/operation.ts';
import { TokenEvents } from '../tokens/events.ts';
import { operatorUserID } from '../tokens/operator.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { ClientConfigs } from '../users/client-configs.ts';
import { UserCommands } from '../users/user-commands.ts';
import { Users } from '../users/users.ts';
import { readVersion } from '../version.ts';
import { HealthWatch } from './health-watch.ts';
import { startSeries } from './metric-series.ts';
import { startReport } from './start-report.ts';
import { openDatabase, openTokenStores } from './stores.ts';
import { openTokenAuthority, openTokenEventLog } from './tokens.ts';

/** What a test may put in place of the real thing. */
export interface AppOverrides {
  /** Unix ms. */
  readonly clock?: () => number;
  /** Milliseconds that only ever go forward, for durations. */
  readonly monotonicMs?: () => number;
  /** Where log lines go. */
  readonly logDestination?: NodeJS.WritableStream;
}

export interface App extends AsyncDisposable {
  readonly logger: Logger;
  readonly services: Services;
  /** Opens the ports and resolves when both listen. */
  start(): Promise<{ readonly apiPort: number; readonly wsPort: number }>;
  /** Reads signing-keys.json again and logs the kids that hold, as SIGHUP asks for. */
  reloadSigningKeys(): void;
}

/**
 * Opens the stores and builds the server; no port is open yet. Disposing drains (promise O3): no new work, what is
 * under way is finished, sockets are closed so that clients reconnect elsewhere.
 *
 * @throws ConfigError, or StartError naming the setting that does not work.
 */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const clock = overrides.clock ?? Date.now;
  const monotonicMs = overrides.monotonicMs ?? (() => performance.now());

  makeDataDir(config.dataDir);
  const secrets = loadSecrets(config);

  const signingKeys = new SigningKeys(secrets.signingKeys);
  const fixedSecrets = [
    config.pagesToken,
    secrets.adminSecret,
    config.databaseUrl,
    config.redisUrl,
    ...config.oauthClients.values(),
  ];
  const scope = new OperationScope();
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat,
    secrets: () => [...fixedSecrets, ...signingKeys.ring.all.map(({ secret }) => secret)],
    scope,
    ...(overrides.logDestination === undefined ? {} : { destination: overrides.logDestination }),
  });
  const metrics = createMetrics();
  startSeries(metrics);
  const reportFailure = (error: unknown) => logger.error({ err: error }, 'background work failed');
  if (secrets.generatedPath !== undefined) {
    logger.info({ path: secrets.generatedPath }, 'made a random admin secret: get_admin_token asks for it');
  }
  if (exposure(config.dataDir) !== undefined) {
    logger.warn({ path: config.dataDir }, 'others on this machine may look into the data directory: chmod 700');
  }
  const keyWatch = watchSigningKeys(config, secrets, { keys: signingKeys, monotonicMs, log: logger });
  if (keyWatch !== undefined) opened.use(setInterval(() => keyWatch.check(), checkKeysEveryMs));

  const clockWatch = new ClockWatch({
    clock,
    monotonicMs,
    onStep: (stepMs) => {
      metrics.clockSteps.inc({ direction: stepMs < 0 ? 'back' : 'forward' });
      logger.warn({ stepMs }, 'the clock of this host was set: nothing is deleted by it for an hour');
    },
  });
  opened.use(setInterval(() => clockWatch.look(), lookAtClockEveryMs));

  const db = opened.use(await openDatabase(config, opened, { logger, reportFailure }));
  const events = new TokenEvents(reportFailure);
  const { store: tokenStore, legacy } = await openTokenStores(config, opened, {
    db,
    signingKeys,
    events,
    clock,
    logger,
    metrics,
  });

  const users = new SqlUserStore(db);
  const messages = new SqlMessageStore(db);
  const conversations = new SqlConversationStore(db);
  const views = new SqlConversationViewStore(db);
  const versionLog = new VersionLog(await SqlVersionLogStore.open(db, () => randomBytes(16).toString('hex')));

  const bus = new MemoryBus();
  const presence = new MemoryPresence();
  const commits = new GroupCommit({
    store: messages,
    // SQLite has one writer: a second lane could only wait.
    lanes: db.dialect === 'sqlite' ? 1 : 4,
    maxBatch: 512,
    onCommit: ({ stored, repeated, durationMs }) => {
      metrics.messagesAppended.inc(stored);
      metrics.messagesDeduplicated.inc(repeated);
      metrics.appendBatchSize.observe(stored + repeated);
      metrics.appendSeconds.observe(durationMs / 1000);
    },
  });
  const pipeline = new MessagePipeline({
    commits,
    bus,
    now: clock,
    newMessageID,
  });
  const outbox = new Outbox({
    store: new SqlOutboxStore(db),
    handlers: {
      notices: noticeSender(pipeline, (error) => logger.error({ err: error }, 'a notification was refused by the log')),
    },
    now: clock,
    observer: {
      waiting: (rows) => metrics.outboxWaiting.set(rows),
      failed: (error) => {
        metrics.outboxFailures.inc();
        logger.warn({ err: error }, 'the outbox was held up: it tries again');
      },
    },
  });
  const notifier = new Notifier({ outbox, newMessageID, now: clock });

  const usersDomain = new Users({
    store: users,
    unitOfWork: db,
    notifications: {
      userInfoUpdated: (tx, call, userID) => notifier.notify(tx, call, userInfoNotice(call.caller.userID, userID)),
    },
    limits: config,
    now: clock,
  });
  const authority = await openTokenAuthority(config, opened, {
    store: tokenStore,
    legacy,
    signingKeys,
    adminSecret: secrets.adminSecret,
    users: usersDomain,
    events,
    metrics,
    logger,
    clock,
    monotonicMs,
    clockWatch,
    reportFailure,
  });
  const maxReplyBytes = payloadBytes(config.maxReplyFrameBytes);
  const rows = new ConversationRows({ store: conversations, versionLog, unitOfWork: db, now: clock });
  const services: Services = {
    authority,
    tokenEventLog: openTokenEventLog(config, opened, {
      store: new SqlTokenEventStore(db),
      events,
      metrics,
      logger,
      clock,
      monotonicMs,
    }),
    users: usersDomain,
    clientConfigs: new ClientConfigs({
      store: new SqlClientConfigStore(db),
      users,
      unitOfWork: db,
      limits: config,
    }),
    userCommands: new UserCommands({
      store: new SqlUserCommandStore(db),
      unitOfWork: db,
      notifications: {
        userCommandChanged: (tx, call, userID, change) => notifier.notify(tx, call, userCommandNotice(userID, change)),
      },
      limits: config,
      now: clock,
    }),
    onlineStatus: new OnlineStatus(presence),
    conversations: new Conversations(conversations, versionLog),
    previews: new ConversationPreviews({ messages, views, conversations, users, maxReplyBytes }),
    emptyRelations: new EmptyRelations(versionLog),
    messenger: new Messenger({
      facts: new SqlSendingFacts(db),
      rows,
      pipeline,
      now: clock,
      maxMessageBytes: config.maxMessageBytes,
    }),
    history: new History({ messages, views, maxReplyBytes }),
    readState: new ReadState({
      messages,
      views,
      positions: new SqlReadPositionStore(db),
      unitOfWork: db,
      notifier,
    }),
  };
  await usersDomain.ensureAdmins([...config.adminUserIDs, operatorUserID]);

  let isDraining = false;
  let isHearing = true;
  events.on('hearing', (change) => {
    isHearing = change.isHearing;
  });
  const readiness = async () => {
    const notReady = await Promise.all([unreachable('database', db.ping()), unreachable('tokens', tokenStore.ping())]);
    if (isDraining) return ['draining'];
    return isHearing ? notReady.flat() : [...notReady.flat(), 'token feed'];
  };
  const { dataDir } = config;
  const health = new HealthWatch({ missing: readiness, stores: ['database', 'tokens'], dataDir, metrics, logger });
  await health.look();
  opened.use(setInterval(() => void health.look().catch(reportFailure), lookAtHealthEveryMs));
  const http = new HttpServer({
    endpoints,
    oauthEndpoints,
    oauthClients: new OauthClients(config.oauthClients),
    services,
    telemetry: { logger, metrics, scope, monotonicMs },
    registry: metrics.registry,
    readiness,
    version: readVersion(),
    trustedProxies: config.trustedProxies,
    bounds: config,
    limits: config,
    pages: {
      isOpen: config.pagesAccess === 'open' || (config.pagesAccess === 'auto' && config.dev),
      token: config.pagesToken,
    },
  });
  const gateway = createGateway({
    authority,
    events,
    handlers: createRequestHandlers(services, config),
    bounds: config,
    bus,
    presence,
    addressOf: createAddressOf(config.trustedProxies),
    codecs: { js: createJsonFrameCodec(), go: createGobFrameCodec() },
    limits: {
      ...defaultLimits,
      ...config,
      drainTimeoutMs: config.shutdownTimeoutMs,
    },
    metrics,
    logger,
    scope,
    clock,
  });
  gateway.attach(http.server);

  opened.defer(() => commits.drain());
  opened.defer(() => outbox.close(config.shutdownTimeoutMs).catch(reportFailure));
  await opening('cannot read the outbox', outbox.resume());
  opened.defer(async () => {
    isDraining = true;
    await Promise.all([gateway[Symbol.asyncDispose](), http.close(config.shutdownTimeoutMs)]);
  });
  const owned = opened.move();
  return {
    logger,
    services,
    start: async () => {
      const { host } = config;
      const apiPort = await opening(`TESSERA_API_PORT: cannot listen on ${host}`, http.listen(host, config.apiPort));
      const wsPort = await opening(`TESSERA_WS_PORT: cannot listen on ${host}`, gateway.listen(host, config.wsPort));
      logger.info(startReport(config, { apiPort, wsPort }), 'listening');
      return { apiPort, wsPort };
    },
    reloadSigningKeys: () => {
      if (keyWatch === undefined) logger.warn('TESSERA_SIGNING_KEYS is set: other signing keys need a restart');
      else keyWatch.reload();
    },
    [Symbol.asyncDispose]: async () => {
      await owned.disposeAsync();
      logger.info('stopped');
    },
  };
}

function newMessageID(): string {
  return randomUUID().replaceAll('-', '');
}

const lookAtHealthEveryMs = 5000;
const lookAtClockEveryMs = 1000;

/** How often signing-keys.json is looked at. */
const checkKeysEveryMs = 3000;

/** @returns undefined if the keys are fixed by a setting */
function watchSigningKeys(
  { dataDir }: Config,
  { adminSecret, signingKeySource }: Secrets,
  { keys, monotonicMs, log }: { keys: SigningKeys; monotonicMs: () => number; log: Logger },
): SigningKeyWatch | undefined {
  if (signingKeySource !== 'admin secret') log.info({ from: signingKeySource, ...keys.kids }, 'signing keys');
  if (signingKeySource === 'setting') return undefined;
  const watch = new SigningKeyWatch({ dataDir, adminSecret, keys, monotonicMs, log });
  watch.check();
  return watch;
}

async function unreachable(name: string, ping: Promise<void>): Promise<string[]> {
  try {
    await ping;
    return [];
  } catch {
    return [name];
  }
}
