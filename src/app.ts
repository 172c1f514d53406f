/**
 * The composition root: configuration to objects, in order, by hand. What was opened is closed in reverse order, also
 * when starting fails half-way.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { MemoryBus } from './bus/memory-bus.ts';
import type { Config } from './config/config.ts';
import { loadSecrets } from './config/secrets.ts';
import { ConversationPreviews } from './conversations/conversation-previews.ts';
import { ConversationRows } from './conversations/conversation-rows.ts';
import { Conversations } from './conversations/conversations.ts';
import { createGateway } from './gateway/gateway.ts';
import { defaultLimits } from './gateway/limits.ts';
import { createRequestHandlers } from './gateway/requests.ts';
import { endpoints } from './http/routes/index.ts';
import { HttpServer } from './http/server.ts';
import type { Services } from './http/services.ts';
import { GroupCommit } from './messages/group-commit.ts';
import { History } from './messages/history.ts';
import { Messenger } from './messages/messenger.ts';
import { MessagePipeline } from './messages/pipeline.ts';
import { ReadState } from './messages/read-state.ts';
import { Notifications } from './notifications/notifications.ts';
import { createJsonFrameCodec } from './protocol/json-frame-codec.ts';
import { opening } from './start-error.ts';
import { makeDataDir } from './store/data-dir-lock.ts';
import { SqlConversationStore } from './store/sql-conversation-store.ts';
import { SqlMessageStore } from './store/sql-message-store.ts';
import { SqlUserStore } from './store/sql-user-store.ts';
import { SqlVersionLog } from './store/sql-version-log.ts';
import { openDatabase, openTokenStore } from './stores.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { OperationScope } from './telemetry/operation.ts';
import { TokenAuthority } from './tokens/authority.ts';
import { TokenEvents } from './tokens/events.ts';
import { Users } from './users/users.ts';
import { readVersion } from './version.ts';
import { EmptyRelations } from './versions/empty-relations.ts';
import { VersionLog } from './versions/version-log.ts';

/** What a test may put in place of the real thing. */
export interface AppOverrides {
  /** Unix ms. */
  readonly clock?: () => number;
  /** Where log lines go. */
  readonly logDestination?: NodeJS.WritableStream;
}

export interface App extends AsyncDisposable {
  readonly logger: Logger;
  readonly services: Services;
  /** Opens the ports and resolves when both listen. */
  start(): Promise<{ readonly apiPort: number; readonly wsPort: number }>;
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

  makeDataDir(config.dataDir);
  const secrets = loadSecrets(config);

  const scope = new OperationScope();
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat,
    secrets: [secrets.adminSecret, ...secrets.signingKeys, config.databaseUrl, config.redisUrl],
    scope,
    ...(overrides.logDestination === undefined ? {} : { destination: overrides.logDestination }),
  });
  const metrics = createMetrics();
  const reportFailure = (error: unknown) => logger.error({ err: error }, 'background work failed');
  if (secrets.generatedPath !== undefined) {
    logger.info({ path: secrets.generatedPath }, 'made a random admin secret: get_admin_token asks for it');
  }

  const db = opened.use(await openDatabase(config, opened, reportFailure));
  const tokenStore = await openTokenStore(config, opened, { db, clock, logger });
  opened.use(setInterval(() => void tokenStore.sweepExpired().catch(reportFailure), sweepEveryMs));

  const users = new SqlUserStore(db);
  const messages = new SqlMessageStore(db);
  const conversations = new SqlConversationStore(db);
  const versionLog = new VersionLog(await SqlVersionLog.open(db, () => randomBytes(16).toString('hex')));

  const bus = new MemoryBus();
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
    newMessageID: () => randomUUID().replaceAll('-', ''),
  });
  const notifications = new Notifications({ pipeline, now: clock, onFailure: reportFailure });

  const usersDomain = new Users({ store: users, unitOfWork: db, notifications, now: clock });
  const events = new TokenEvents(reportFailure);
  events.on('tokenIssued', ({ platformID }) => metrics.tokensIssued.inc({ platform: platformID }));
  events.on('tokensEnded', ({ reason, jtis }) => metrics.tokensEnded.inc({ reason }, jtis.length));
  const authority = new TokenAuthority({
    store: tokenStore,
    signingKeys: secrets.signingKeys,
    adminSecret: secrets.adminSecret,
    adminUserIDs: config.adminUserIDs,
    loginPolicy: config.loginPolicy,
    maxTokensPerPlatform: config.maxTokensPerPlatform,
    ttlMs: config.tokenTtlMs,
    clock,
    randomBytes,
    users: usersDomain,
    events,
  });
  const rows = new ConversationRows({ store: conversations, versionLog, unitOfWork: db, now: clock });
  const services: Services = {
    authority,
    users: usersDomain,
    conversations: new Conversations(conversations, versionLog),
    previews: new ConversationPreviews({ messages, conversations, users }),
    emptyRelations: new EmptyRelations(versionLog),
    messenger: new Messenger({ store: messages, rows, pipeline, now: clock }),
    history: new History(messages),
    readState: new ReadState(messages, db, notifications),
  };
  await usersDomain.ensureAdmins(config.adminUserIDs);

  let isDraining = false;
  const http = new HttpServer({
    endpoints,
    services,
    telemetry: { logger, metrics, scope },
    registry: metrics.registry,
    readiness: async () => {
      const notReady = await Promise.all([
        unreachable('database', db.ping()),
        unreachable('tokens', tokenStore.ping()),
      ]);
      return isDraining ? ['draining'] : notReady.flat();
    },
    version: readVersion(),
  });
  const gateway = createGateway({
    authority,
    events,
    handlers: createRequestHandlers(services),
    bus,
    codecs: { js: createJsonFrameCodec() },
    limits: {
      ...defaultLimits,
      maxConnections: config.maxConnections,
      drainTimeoutMs: config.shutdownTimeoutMs,
    },
    metrics,
    logger,
    scope,
    clock,
  });
  gateway.attach(http.server);

  opened.defer(() => commits.drain());
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
      logger.info({ host, apiPort, wsPort }, 'listening');
      return { apiPort, wsPort };
    },
    [Symbol.asyncDispose]: async () => {
      await owned.disposeAsync();
      logger.info('stopped');
    },
  };
}

/** How often rows of expired tokens are deleted; in Redis they go by themselves. */
const sweepEveryMs = 60_000;

async function unreachable(name: string, ping: Promise<void>): Promise<string[]> {
  try {
    await ping;
    return [];
  } catch {
    return [name];
  }
}
