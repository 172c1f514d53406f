/** What everything else stands on: secrets and keys, clocks, logger, metrics. Part of the composition root; see app.ts. */
import type { Config } from '../config/config.ts';
import { exposure } from '../config/file-modes.ts';
import { isNode } from '../config/node-settings.ts';
import { loadSecrets, type Secrets } from '../config/secrets.ts';
import { SigningKeyWatch } from '../config/signing-key-watch.ts';
import { makeDataDir } from '../database/data-dir-lock.ts';
import { ClockWatch } from '../kernel/clock-watch.ts';
import { SharedClock } from '../kernel/shared-clock.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { OperationScope } from '../telemetry/operation.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { startSeries } from './metric-series.ts';

/** What a test may put in place of the real thing. */
export interface AppOverrides {
  /** Of the host, Unix ms. */
  readonly clock?: () => number;
  /** Milliseconds that only ever go forward, for durations. */
  readonly monotonicMs?: () => number;
  /** Where log lines go. */
  readonly logDestination?: NodeJS.WritableStream;
  /** Stands before the configuration that the server reads. */
  readonly watchConfig?: (config: Config) => Config;
}

export interface Ground {
  /** As it is now: what may be set at run time changes in place. */
  readonly config: Config;
  /** Has everybody go by another configuration from now on. */
  readonly applyConfig: (config: Config) => void;
  readonly secrets: Secrets;
  readonly signingKeys: SigningKeys;
  /** Undefined if the keys are fixed by a setting. */
  readonly keyWatch: SigningKeyWatch | undefined;
  /** Unix ms, by the host's clock, or on a node by Redis's as far as it is known: what everything is judged by. */
  readonly clock: () => number;
  /** What {@link clock} is made of. */
  readonly sharedClock: SharedClock;
  /** Unix ms. */
  readonly hostClock: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  readonly clockWatch: ClockWatch;
  readonly scope: OperationScope;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** For what fails while nobody waits for it. */
  readonly reportFailure: (error: unknown) => void;
}

/**
 * @param opened takes the timers
 * @throws ConfigError, StartError
 */
export function layGround(given: Config, opened: AsyncDisposableStack, overrides: AppOverrides): Ground {
  const {
    clock: hostClock = Date.now,
    monotonicMs = () => performance.now(),
    watchConfig = (config) => config,
  } = overrides;
  // Whoever reads a setting where it is used has what holds now.
  const config = watchConfig({ ...given });
  makeDataDir(config.dataDir);
  const secrets = loadSecrets(config);
  const signingKeys = new SigningKeys(secrets.signingKeys, secrets.needingStore);
  const scope = new OperationScope();
  const { pagesToken, databaseUrl, redisUrl, oauthClients, webhooksSecret } = config;
  const fixedSecrets = [
    pagesToken,
    secrets.adminSecret,
    databaseUrl,
    redisUrl,
    webhooksSecret,
    config.s3SecretAccessKey,
    config.jpushMasterSecret,
    config.getuiAppKey,
    config.getuiMasterSecret,
    ...oauthClients.values(),
  ];
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat,
    secrets: () => [...fixedSecrets, ...signingKeys.ring.all.map(({ secret }) => secret)],
    scope,
    ...(overrides.logDestination === undefined ? {} : { destination: overrides.logDestination }),
  });
  const metrics = createMetrics();
  startSeries(metrics);
  if (secrets.generatedPath !== undefined) {
    logger.info({ path: secrets.generatedPath }, 'made a random admin secret: get_admin_token asks for it');
  }
  for (const warning of secrets.warnings) logger.warn(warning);
  if (exposure(config.dataDir) !== undefined) {
    logger.warn({ path: config.dataDir }, 'others on this machine may look into the data directory: chmod 700');
  }
  const keyWatch = watchSigningKeys(config, secrets, { keys: signingKeys, monotonicMs, log: logger });
  if (keyWatch !== undefined) opened.use(setInterval(() => keyWatch.check(), checkKeysEveryMs));
  const sharedClock = new SharedClock({ hostClock, monotonicMs });
  const clock = () => sharedClock.now();
  const which = isNode(config) ? 'redis' : 'host';
  const clockWatch = new ClockWatch({
    clock,
    monotonicMs,
    onStep: (stepMs) => {
      metrics.clockSteps.inc({ clock: which, direction: stepMs < 0 ? 'back' : 'forward' });
      const whose = which === 'host' ? 'this host' : 'Redis';
      logger.warn({ stepMs }, `the clock of ${whose} was set: nothing is deleted by it for an hour`);
    },
  });
  opened.use(setInterval(() => clockWatch.look(), lookAtClockEveryMs));
  const reportFailure = (error: unknown) => logger.error({ err: error }, 'background work failed');
  return {
    config,
    applyConfig: (next) => {
      Object.assign(config, next);
      logger.level = next.logLevel;
    },
    secrets,
    signingKeys,
    keyWatch,
    clock,
    sharedClock,
    hostClock,
    monotonicMs,
    clockWatch,
    scope,
    logger,
    metrics,
    reportFailure,
  };
}

/** How often signing-keys.json is looked at. */
const checkKeysEveryMs = 3000;
export const lookAtClockEveryMs = 1000;

/** @returns undefined if the keys are fixed by a setting */
function watchSigningKeys(
  { dataDir }: Config,
  { adminKeys, signingKeySource }: Secrets,
  { keys, monotonicMs, log }: { keys: SigningKeys; monotonicMs: () => number; log: Logger },
): SigningKeyWatch | undefined {
  if (signingKeySource !== 'admin secret') log.info({ from: signingKeySource, ...keys.kids }, 'signing keys');
  if (signingKeySource === 'setting') return undefined;
  const watch = new SigningKeyWatch({ dataDir, adminKeys, keys, monotonicMs, log });
  watch.check();
  return watch;
}
