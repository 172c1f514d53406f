/** Settings that change while the server runs, and its restart, composed. Part of the composition root; see app.ts. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { workerPlace } from '../config/env.ts';
import { isNode } from '../config/node-settings.ts';
import { RunTimeSettings } from '../config/run-time-settings.ts';
import type { Database } from '../database/database.ts';
import { RollingRestart } from '../jobs/rolling-restart.ts';
import { SqlLeaseStore } from '../store/sql-lease-store.ts';
import { SqlSettingsStore } from '../store/sql-settings-store.ts';
import { readVersion } from '../version.ts';
import type { Ground } from './ground.ts';

export interface Settings {
  readonly runTimeSettings: RunTimeSettings;
  readonly restart: RollingRestart;
}

/** What was set at run time holds afterwards, so that what is built of the configuration then is built of that. */
export async function openSettings(
  { config, applyConfig, clock, logger, reportFailure }: Ground,
  opened: AsyncDisposableStack,
  db: Database,
): Promise<Settings> {
  const store = new SqlSettingsStore(db);
  const runTimeSettings = opened.use(
    new RunTimeSettings({
      base: config.origin,
      store,
      unitOfWork: db,
      apply: applyConfig,
      place: { environment: environment(), version: readVersion() },
      now: clock,
      observer: {
        changed: (version, keys) => logger.info({ version, keys }, 'settings of run time hold'),
        leftOut: (key, problem) => logger.warn({ key, problem }, 'a setting of run time does not fit: left out'),
        failed: (error) => logger.warn({ err: error }, 'settings of run time cannot be asked for: they stay'),
      },
    }),
  );
  await runTimeSettings.start();
  const restart = opened.use(
    new RollingRestart({
      store,
      leases: new SqlLeaseStore(db, isNode(config)),
      unitOfWork: db,
      nodeName: `${hostname()}:${config.apiPort}:${workerPlace()}`,
      isSupervised: config.supervised,
      awayMs: config.drainSpreadMs + config.shutdownTimeoutMs + comingBackMs,
      now: clock,
      onFailure: reportFailure,
    }),
  );
  return { runTimeSettings, restart };
}

/** As OpenIM tells them apart. */
function environment(): 'kubernetes' | 'docker' | 'source' {
  if (existsSync('/var/run/secrets/kubernetes.io/serviceaccount')) return 'kubernetes';
  return existsSync('/.dockerenv') ? 'docker' : 'source';
}

/** For a process to come up. */
const comingBackMs = 60_000;
