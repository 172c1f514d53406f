/** `tessera tokens import`: takes over the tokens that OpenIM left in a Redis. See docs/migrating-from-openim.md. */
import { type Config, ConfigError } from '../config/config.ts';
import { findSigningKeys } from '../config/secrets.ts';
import type { Database } from '../database/database.ts';
import { opening, StartError } from '../kernel/start-error.ts';
import { longestTokenLifeMs } from '../protocol/numbers/token-life.ts';
import type { RedisClient } from '../redis/client/client.ts';
import type { ImportCheckpoint } from '../redis/openim/openim-checkpoint.ts';
import { tokensIn } from '../redis/openim/openim-import-report.ts';
import type { TokenCodec } from '../tokens/claims.ts';
import { noCutoffsButOne } from '../tokens/cutoffs.ts';
import { DurableTokenStore } from '../tokens/durable-token-store.ts';
import { TokenEvents } from '../tokens/events.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import type { KnownEnds } from '../tokens/token-end-store.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { type Action, commandWithActions, configFromArgs, UsageError } from './command.ts';
import { openBesideServer } from './import-database.ts';
import { ImportProgress } from './import-progress.ts';
import { formatImport, type ImportResult } from './import-result.ts';
import { interruptedCode, watchInterrupts } from './interruption.ts';
import { print } from './print.ts';

export const tokens = commandWithActions({
  name: 'tokens',
  summary: 'take over the tokens that OpenIM keeps in Redis (tokens import)',
  help: () => importAction.help,
  actions: () => [importAction],
});

const importAction: Action = {
  name: 'import',
  help: `Usage: tessera tokens import [--dry-run] [--resume] [--batch N] [--json] [flags]

Gives every token that OpenIM keeps in TESSERA_REDIS_URL a key of its own, with the end that the token was promised.
OpenIM's keys stay as they are. What Tessera knows already is left alone: nothing that was ended comes back. May run
beside servers of either kind, be interrupted (Ctrl-C), resumed, and run again. Settings must be those that the server has:
what has ended is looked up in its database too, and what OpenIM has ended is written there.

TESSERA_SECRET, or one of TESSERA_SIGNING_KEYS, must be OpenIM's share.secret.

  --dry-run   changes nothing, and says what an import would find and do
  --resume    goes on where an import was interrupted, at most seven days ago
  --batch N   keys that Redis looks at for one portion, 1 to 10000; 1000 by default
  --json      for programs: the report as one JSON object
  and every flag of \`tessera serve\`

Progress goes to standard error. The exit code is 0 if every key has been looked at, 130 after an interruption, and
otherwise 1.
`,
  run: async (args) => {
    const { config, values } = configFromArgs(args, {
      'dry-run': { type: 'boolean' },
      resume: { type: 'boolean' },
      batch: { type: 'string' },
      json: { type: 'boolean' },
    });
    const request = {
      isDryRun: values['dry-run'] === true,
      isResumed: values.resume === true,
      batchSize: batchSizeOf(values.batch),
    };
    if (request.isDryRun && request.isResumed) throw new UsageError('--dry-run leaves nothing to resume');
    const result = await importTokens(config, request);
    await print(values.json === true ? JSON.stringify(result, null, 2) : formatImport(result));
    return exitCodeOf(result);
  },
};

interface ImportRequest {
  readonly isDryRun: boolean;
  readonly isResumed: boolean;
  readonly batchSize: number;
}

async function importTokens(config: Config, request: ImportRequest): Promise<ImportResult> {
  const { TokenCodec } = await import('../tokens/claims.ts');
  const codec = new TokenCodec(new SigningKeys(signingKeysOf(config)));
  if (config.redisUrl === '')
    throw new ConfigError("TESSERA_REDIS_URL: must name the Redis that holds OpenIM's tokens");
  // Not above: the other commands answer without loading the client of Redis.
  const { connectRedis } = await import('../redis/client/client.ts');
  const { RedisTokenStore } = await import('../redis/tokens/redis-token-store.ts');
  const connecting = connectRedis(config.redisUrl, { onConnectionFailure: () => {}, commandTimeoutMs });
  await using redis = await opening('TESSERA_REDIS_URL: cannot use Redis', connecting);
  // The database, if it is new, is its owner's alone.
  process.umask(0o077);
  await using db = request.isDryRun ? undefined : await openBesideServer(config);
  const store = new RedisTokenStore(redis, Date.now);
  try {
    return await run(redis, codec, db === undefined ? store : await remembering(store, redis, db), request);
  } catch (error) {
    const remedy = request.isDryRun ? '' : '. What was done stays done; --resume goes on from there';
    throw new StartError(`the import ended early: ${error instanceof Error ? error.message : String(error)}${remedy}`);
  }
}

/** As a server has it: nothing comes back that was ended here, and what OpenIM has ended is on disk as well (T4). */
async function remembering(store: TokenStore, redis: RedisClient, db: Database): Promise<TokenStore> {
  const { RedisMemory } = await import('../redis/tokens/redis-memory.ts');
  const { SqlPushTokenStore } = await import('../store/sql-push-token-store.ts');
  const { SqlTokenEndStore } = await import('../store/sql-token-end-store.ts');
  /** Before a first import, ahead of any server of ours: it need not ask a million times. */
  class NothingEnded extends SqlTokenEndStore {
    override async find(): Promise<KnownEnds> {
      return { end: undefined, cutoffs: new Map(), cutoffsButOne: noCutoffsButOne };
    }
  }
  const devices = new SqlPushTokenStore(db);
  const kept = new SqlTokenEndStore(db, devices);
  const hasEnds = (await kept.ends(undefined, Date.now(), 1)).length > 0;
  const [memory, ends] = [new RedisMemory(redis, Date.now), hasEnds ? kept : new NothingEnded(db, devices)];
  const observer = {
    onSettings: () => {},
    onDoubt: () => {},
    onOwed: () => {},
    onRestored: () => {},
    onTakenBack: () => {},
  };
  const [longestLifeMs, clock] = [longestTokenLifeMs, Date.now];
  return new DurableTokenStore({ store, memory, ends, longestLifeMs, loginPolicy: [], clock, observer });
}

async function run(
  redis: RedisClient,
  codec: TokenCodec,
  store: TokenStore,
  request: ImportRequest,
): Promise<ImportResult> {
  const { isDryRun, batchSize } = request;
  const { OpenimAdoption } = await import('../redis/openim/openim-adoption.ts');
  const { dropCheckpoint, saveCheckpoint } = await import('../redis/openim/openim-checkpoint.ts');
  const { OpenimImport } = await import('../redis/openim/openim-import.ts');
  const checkpoint = await startingPoint(redis, request);
  const adoption = new OpenimAdoption({ redis, store, events: new TokenEvents(() => {}) });
  const { report } = checkpoint;
  const progress = new ImportProgress({
    ...{ count: () => tokensIn(report), noun: 'tokens' },
    ...{ output: process.stderr, now: () => performance.now() },
  });
  using interruption = watchInterrupts();

  const savePosition = async () => {
    if (!isDryRun) await saveCheckpoint(redis, checkpoint);
  };
  let savedMs = Number.NEGATIVE_INFINITY;
  const { isComplete, hasMoved } = await new OpenimImport({
    ...{ redis, adoption, codec, clock: Date.now, isDryRun, batchSize, checkpoint, signal: interruption.signal },
    onPortion: async (done) => {
      progress.show(done);
      if (performance.now() - savedMs < saveEveryMs) return;
      savedMs = performance.now();
      await savePosition();
    },
  }).run();
  progress.end();
  // After a move of slots everything has to be looked at again.
  if (interruption.signal.aborted) await savePosition();
  else if (!isDryRun) await dropCheckpoint(redis);
  return { isDryRun, isComplete, hasMoved, seconds: progress.seconds, ...report };
}

async function startingPoint(redis: RedisClient, { isDryRun, isResumed }: ImportRequest): Promise<ImportCheckpoint> {
  const { loadCheckpoint, newCheckpoint } = await import('../redis/openim/openim-checkpoint.ts');
  if (isDryRun) return newCheckpoint();
  const known = await loadCheckpoint(redis);
  if (isResumed && known === undefined) process.stderr.write('nothing to resume: beginning from the start\n');
  if (!isResumed && known !== undefined) {
    process.stderr.write('an import was interrupted; beginning from the start, --resume would go on with it\n');
  }
  return (isResumed ? known : undefined) ?? newCheckpoint();
}

/** @throws ConfigError if there is none: a key made up now has signed nothing */
function signingKeysOf(config: Config) {
  const keys = findSigningKeys(config);
  if (keys === undefined) {
    throw new ConfigError("TESSERA_SECRET: must be OpenIM's share.secret, which signed the tokens");
  }
  return keys;
}

/** @throws UsageError */
function batchSizeOf(text: unknown): number {
  if (text === undefined) return defaultBatchSize;
  const size = /^\d{1,5}$/.test(String(text)) ? Number(text) : 0;
  if (size < 1 || size > 10_000) throw new UsageError('--batch must be a number from 1 to 10000');
  return size;
}

function exitCodeOf({ isComplete, hasMoved, counts }: ImportResult): number {
  if (isComplete) return counts.wrongSecret > 0 && counts.converted + counts.known === 0 ? 1 : 0;
  return hasMoved ? 1 : interruptedCode;
}

const defaultBatchSize = 1000;
const saveEveryMs = 1000;
/** Nobody waits for a login here: a busy Redis may take its time. */
const commandTimeoutMs = 30_000;
