/** The token authority with everything around it, composed. Part of the composition root; see app.ts. */
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import { randomPool } from '../kernel/random-pool.ts';
import { opening } from '../kernel/start-error.ts';
import { platformIDs, platformLabel } from '../protocol/numbers/platforms.ts';
import { SqlTokenEventStore } from '../store/sql-token-event-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { TokenAuthority } from '../tokens/authority.ts';
import type { TokenEvents } from '../tokens/events.ts';
import type { TokenUsers } from '../tokens/issuer.ts';
import { LegacyTokenStore } from '../tokens/legacy-token-store.ts';
import type { LegacyTokens } from '../tokens/legacy-tokens.ts';
import { operatorUserID } from '../tokens/operator.ts';
import { type LoginPolicy, loginPolicy, type PolicyName, policyNames } from '../tokens/policy.ts';
import { TokenSweeper } from '../tokens/sweeper.ts';
import { timedTokenStore } from '../tokens/timed-token-store.ts';
import { TokenEventLog, type TokenEventLogObserver } from '../tokens/token-event-log.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { TokenTeller } from '../tokens/token-teller.ts';
import type { Ground } from './ground.ts';

export interface TokenAuthorityParts {
  readonly store: TokenStore;
  readonly legacy: LegacyTokens | undefined;
  readonly users: TokenUsers;
  readonly events: TokenEvents;
  readonly teller: TokenTeller | undefined;
}

/**
 * @param opened takes the timers and subscriptions
 * @throws StartError if the store cannot be watched
 */
export async function openTokenAuthority(
  { config, secrets, signingKeys, clock, monotonicMs, clockWatch, metrics, logger, reportFailure }: Ground,
  opened: AsyncDisposableStack,
  { store: plainStore, legacy, users, events, teller }: TokenAuthorityParts,
): Promise<TokenAuthority> {
  const timed = timedTokenStore(plainStore, (operation, seconds) =>
    metrics.tokenStoreSeconds.observe({ operation }, seconds),
  );
  const store = legacy === undefined ? timed : new LegacyTokenStore(timed, legacy);
  countTokenEvents(events, metrics);
  logStoreOutages(events, logger);
  const authority = new TokenAuthority({
    signingKeys,
    adminSecret: secrets.adminSecret,
    users,
    events,
    teller,
    clock,
    monotonicMs,
    store,
    honoursLegacy: legacy !== undefined,
    adminUserIDs: [...config.adminUserIDs, operatorUserID],
    loginPolicy: configuredPolicy(config),
    maxDeviceNameLength: config.maxDeviceNameLength,
    lifetimes: {
      get defaultMs() {
        return config.tokenTtlMs;
      },
      get byPlatformMs() {
        return config.tokenTtlByPlatformMs;
      },
      maxMs: config.maxTokenTtlMs,
      sessionMs: config.sessionTtlMs,
    },
    cache: { maxTokens: config.tokenCacheSize, ttlMs: cacheTtlMs },
    acceptSignedMs: config.tokensWhenStoreDown === 'reject' ? 0 : config.storeDownGraceMs,
    randomBytes: randomPool(),
  });
  opened.use(await opening('TESSERA_REDIS_URL: cannot subscribe', authority.watch()));
  const sweeper = new TokenSweeper({ store, clockWatch });
  opened.use(setInterval(() => void sweeper.sweep().catch(reportFailure), sweepEveryMs));
  opened.defer(() => authority.flushLastSeen().catch(reportFailure));
  opened.use(setInterval(() => void authority.flushLastSeen().catch(reportFailure), flushEveryMs));
  const census = () => countLive(store, metrics).catch(reportFailure);
  void census();
  opened.use(setInterval(() => void census(), censusEveryMs));
  return authority;
}

/** @param opened closes the trail with what is still to be written */
export function openTokenEventLog(
  { config, metrics, logger, clock, monotonicMs }: Ground,
  opened: AsyncDisposableStack,
  { db, events }: { readonly db: Database; readonly events: TokenEvents },
): TokenEventLog {
  const observer: TokenEventLogObserver = {
    failed: (error) => logger.error({ err: error }, 'the audit trail of tokens cannot be written: entries wait'),
    dropped: (count) => metrics.tokenEventsDropped.inc({ reason: 'store' }, count),
    outageEnded: (dropped) =>
      logger.warn({ dropped }, 'the outage of the audit trail of tokens is over: so many entries were lost'),
    refusalLeftOut: () => metrics.tokenEventsDropped.inc({ reason: 'flood' }),
    trimFailed: (error) => logger.error({ err: error }, 'old entries of the audit trail could not be deleted'),
  };
  const limit = config.tokenEventsLimit;
  return opened.use(
    new TokenEventLog({ store: new SqlTokenEventStore(db), events, clock, monotonicMs, limit, observer }),
  );
}

/** How often rows of expired tokens are deleted; in Redis they go by themselves. */
const sweepEveryMs = 60_000;
const flushEveryMs = 60_000;
const censusEveryMs = 600_000;
/** Should the news of a revocation go astray in a way that nobody noticed. */
const cacheTtlMs = 10_000;

/** OpenIM's numbers for its four policies. */
const numberedPolicies: Readonly<Record<number, PolicyName>> = {
  0: 'keep-all',
  1: 'one-per-platform',
  4: 'one-per-class',
  5: 'pc-and-one-other',
};

export function configuredPolicy({ loginPolicy: chosen, loginPolicyTable, maxTokensPerPlatform }: Config): LoginPolicy {
  const name = policyNames.find((known) => known === chosen) ?? numberedPolicies[Number(chosen)];
  return name === undefined ? loginPolicyTable : loginPolicy(name, maxTokensPerPlatform);
}

async function countLive(store: TokenStore, { tokensLive }: Metrics): Promise<void> {
  const counts = await store.countLive();
  for (const id of new Set([...platformIDs, ...counts.keys()])) {
    tokensLive.set({ platform: platformLabel(id) }, counts.get(id) ?? 0);
  }
}

function countTokenEvents(events: TokenEvents, metrics: Metrics): void {
  events.on('tokenIssued', ({ platformID }) => metrics.tokensIssued.tally(platformLabel(platformID)));
  events.on('tokensEnded', ({ reason, jtis, origin }) => {
    if (origin === 'here') metrics.tokensEnded.tally(reason, '', jtis.length);
  });
  events.on('tokenVerified', ({ code, wasCached }) => {
    metrics.tokensVerified.tally(code, wasCached ? 'hit' : 'miss');
  });
  events.on('tokenLost', ({ cause }) => metrics.tokensLost.inc({ cause }));
  events.on('tokenUnreadable', () => metrics.tokensUnreadable.inc());
  events.on('storeDown', ({ accepting }) => metrics.tokensAcceptedUnchecked.set(accepting ? 1 : 0));
  events.on('storeUp', () => metrics.tokensAcceptedUnchecked.set(0));
  metrics.tokenFeedUp.set(1);
  events.on('hearing', ({ isHearing }) => metrics.tokenFeedUp.set(isHearing ? 1 : 0));
}

function logStoreOutages(events: TokenEvents, logger: Logger): void {
  events.on('storeDown', ({ accepting, error }) => {
    const what = accepting
      ? 'the token store cannot be asked: accepting every signed, unexpired token for now'
      : 'the token store cannot be asked: tokens are refused with 500';
    logger.error({ err: error }, what);
  });
  events.on('storeUp', ({ acceptedMeanwhile }) => {
    logger.warn({ acceptedMeanwhile }, 'the token store answers again');
  });
  events.on('tokenLost', ({ userID, jti, issuedAt, expiresAt, cause }) => {
    const lost = { userID, jti, issuedAt, expiresAt, cause };
    logger.error(lost, 'the token store has lost a token that is signed, unexpired and was never revoked');
  });
  events.on('tokenUnreadable', (record) => {
    logger.error(record, 'a token record in Redis cannot be read: it is refused; see tessera doctor');
  });
}
