/** What runs by the clock, composed. Part of the composition root; see app.ts. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../database/database.ts';
import type { Services } from '../http/services.ts';
import { Jobs } from '../jobs/jobs.ts';
import { Retention } from '../jobs/retention.ts';
import { TimedDestruction } from '../jobs/timed-destruction.ts';
import { SqlLeaseStore } from '../store/sql-lease-store.ts';
import type { Ground } from './ground.ts';
import type { Log } from './messaging.ts';

/** Begins at once; ends, when `opened` is disposed of, with the step under way. */
export function startJobs(
  { config, clock, clockWatch, metrics, logger }: Ground,
  opened: AsyncDisposableStack,
  db: Database,
  { messages, conversations, versionLog, notifier }: Log,
  { eraser }: Pick<Services, 'eraser'>,
): void {
  const retention = new Retention({
    messages,
    eraser,
    keepMs: config.retainMessagesMs,
    now: clock,
    isClockSteady: () => clockWatch.isSteady(),
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
  const jobs = new Jobs({
    jobs: [retention, timedDestruction],
    leases: new SqlLeaseStore(db),
    unitOfWork: db,
    holder: randomUUID(),
    everyMs: config.sweepEveryMs,
    now: clock,
    observer: {
      swept: (job) => metrics.jobSweeps.inc({ job }),
      failed: (job, error) => {
        metrics.jobFailures.inc({ job });
        logger.warn({ err: error, job }, 'a sweep failed: it is tried again with the next one');
      },
    },
  });
  opened.use(jobs);
  jobs.start();
}
