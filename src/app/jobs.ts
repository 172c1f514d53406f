/** What runs by the clock, composed. Part of the composition root; see app.ts. */
import { randomUUID } from 'node:crypto';
import type { NodeChannel } from '../bus/node-channel.ts';
import { isNode } from '../config/node-settings.ts';
import type { Database } from '../database/database.ts';
import type { Services } from '../http/services.ts';
import { ClockRecord } from '../jobs/clock-record.ts';
import { Expiry } from '../jobs/expiry.ts';
import { FileCollection } from '../jobs/file-collection.ts';
import { FileRetention } from '../jobs/file-retention.ts';
import { FileVerification } from '../jobs/file-verification.ts';
import { type Job, Jobs, type ScheduledJob } from '../jobs/jobs.ts';
import { Retention } from '../jobs/retention.ts';
import { TimedDestruction } from '../jobs/timed-destruction.ts';
import { cronSchedule, type Schedule } from '../kernel/cron.ts';
import { SqlClientLogStore } from '../store/sql-client-log-store.ts';
import { SqlJobStore } from '../store/sql-job-store.ts';
import { SqlLeaseStore } from '../store/sql-lease-store.ts';
import { SqlTokenEventStore } from '../store/sql-token-event-store.ts';
import type { Files } from './files.ts';
import type { Ground } from './ground.ts';
import type { Log } from './messaging.ts';

interface JobsGround extends Pick<Services, 'eraser'> {
  readonly files: Files;
  /** To other nodes. */
  readonly channel: NodeChannel | undefined;
}

/** To begin once everything else is there; ends, when `opened` is disposed of, with the steps under way. */
export function openJobs(
  { config, clock, clockWatch, metrics, logger }: Ground,
  opened: AsyncDisposableStack,
  db: Database,
  { messages, conversations, versionLog, notifier }: Log,
  { eraser, files, channel }: JobsGround,
): Jobs {
  const store = new SqlJobStore(db);
  const record = new ClockRecord({ store, unitOfWork: db, watch: clockWatch, now: clock });
  const isClockSteady = () => record.isSteady();
  const retention = new Retention({
    messages,
    eraser,
    get keepMs() {
      return config.retainMessagesMs;
    },
    now: clock,
    isClockSteady,
    onErased: (count) => metrics.messagesExpired.inc(count),
  });
  const timedDestruction = new TimedDestruction({
    conversations,
    messages,
    versionLog,
    notifier,
    now: clock,
    hasClockStepped: () => clockWatch.hasStepped(),
    newOperationID: randomUUID,
    onDestructed: () => metrics.conversationsDestructed.inc(),
  });
  const expiry = { now: clock, isClockSteady };
  const tokenEvents = new Expiry({
    ...expiry,
    name: 'token-events',
    store: new SqlTokenEventStore(db),
    keep: { setting: 'retainTokenEvents', ms: () => config.retainTokenEventsMs },
  });
  const clientLogs = new Expiry({
    ...expiry,
    name: 'client-logs',
    store: new SqlClientLogStore(db),
    keep: { setting: 'retainClientLogs', ms: () => config.retainClientLogsMs },
  });
  const fileRetention = new FileRetention({
    ...expiry,
    store: files.store,
    get keepMs() {
      return config.retainFilesMs;
    },
    groups: config.retainFileGroups,
  });
  const fileCollection = new FileCollection({
    ...expiry,
    ...files,
    onBlobCollected: () => metrics.fileBlobsCollected.inc(),
  });
  const fileVerification = new FileVerification({
    ...files,
    onFaults: (faulty) => {
      metrics.fileBlobsWrong.inc(faulty.length);
      for (const { key, fault } of faulty) logger.error({ blob: key, fault }, 'the content of an object is not there');
    },
  });
  /** By what holds now: both settings may change. */
  const scheduled = (job: Job, cronOf: () => string): ScheduledJob => {
    const made = new Map<string, Schedule>();
    const schedule = () => {
      const [cron, zone] = [cronOf(), config.jobTimeZone];
      const key = `${cron} ${zone}`;
      const known = made.get(key) ?? (cron === 'off' ? never : cronSchedule(cron, zone));
      if (!made.has(key)) made.clear();
      made.set(key, known);
      return known;
    };
    return {
      job,
      get cron() {
        return cronOf();
      },
      schedule: { next: (after) => schedule().next(after) },
    };
  };
  const jobs = opened.use(
    new Jobs({
      jobs: [
        scheduled(retention, () => config.retentionSchedule),
        scheduled(timedDestruction, () => config.destructionSchedule),
        scheduled(tokenEvents, () => config.tokenEventsSchedule),
        scheduled(clientLogs, () => config.clientLogsSchedule),
        scheduled(fileRetention, () => config.fileRetentionSchedule),
        scheduled(fileCollection, () => config.fileCollectionSchedule),
        scheduled(fileVerification, () => config.fileVerificationSchedule),
      ],
      store,
      leases: new SqlLeaseStore(db, isNode(config)),
      unitOfWork: db,
      holder: randomUUID(),
      now: clock,
      clock: record,
      onRequested: () => {
        for (const { nodeID } of channel?.peers() ?? []) channel?.send(nodeID, requestedKind, Buffer.alloc(0));
      },
      observer: {
        done: (job, durationMs) => {
          metrics.jobRuns.inc({ name: job });
          metrics.jobSeconds.set({ name: job }, durationMs / 1000);
        },
        failed: (job, error) => {
          metrics.jobFailures.inc({ name: job });
          logger.warn({ err: error, job }, 'a job failed: it is tried again after a while');
        },
        overdue: (job, ms) => metrics.jobOverdueSeconds.set({ name: job }, ms / 1000),
        lookFailed: (error) => logger.warn({ err: error }, 'jobs cannot be looked at: they wait'),
      },
    }),
  );
  channel?.on(requestedKind, () => jobs.wake());
  return jobs;
}

const requestedKind = 'job';
const never: Schedule = { next: () => undefined };
