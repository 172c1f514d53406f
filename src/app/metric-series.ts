/**
 * The series that exist from the start. Prometheus sees a counter's rise only from a value that it has seen: one that is
 * born with its first event hides just that event.
 */

import { roles } from '../config/node-settings.ts';
import { sharedSubjects } from '../config/shared-settings.ts';
import { storeOperations } from '../files/file-observer.ts';
import { closeReasons, cutReasons } from '../gateway/connection/close-reason.ts';
import { errorTable } from '../protocol/errors.ts';
import { platformIDs, platformLabel } from '../protocol/numbers/platforms.ts';
import { pushProviderNames } from '../protocol/numbers/push-providers.ts';
import { reqIdentifiers } from '../protocol/numbers/request-identifiers.ts';
import type { PushOutcome } from '../push/push-provider.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { LossCause, TokenEndReason } from '../tokens/token-store.ts';
import { hookTable } from '../webhooks/hook-table.ts';

/** Every value that a label is known to take. Histograms are left out: nobody asks for their first rise. */
export function startSeries(metrics: Metrics): void {
  for (const platform of platformIDs.map(platformLabel)) {
    metrics.gatewayConnections.set({ platform }, 0);
    metrics.tokensLive.set({ platform }, 0);
    metrics.tokensIssued.inc({ platform }, 0);
  }
  for (const { name } of Object.values(closeReasons)) metrics.gatewayDisconnects.inc({ reason: name }, 0);
  for (const reason of Object.values(cutReasons)) metrics.gatewayDisconnects.inc({ reason }, 0);
  for (const identifier of Object.values(reqIdentifiers)) metrics.gatewayRequests.inc({ identifier, code: 0 }, 0);
  metrics.gatewayHandshakes.inc({ code: 0 }, 0);
  for (const { code } of Object.values(errorTable)) {
    metrics.gatewayHandshakes.inc({ code }, 0);
    for (const door of doors) metrics.errors.inc({ door, code }, 0);
  }
  for (const code of verdictCodes) {
    for (const cache of ['hit', 'miss']) metrics.tokensVerified.inc({ code, cache }, 0);
  }
  for (const subject of sharedSubjects) metrics.clusterSettingsDiffer.set({ subject }, 0);
  for (const reason of Object.keys(endReasons)) metrics.tokensEnded.inc({ reason }, 0);
  for (const cause of Object.keys(lossCauses)) metrics.tokensLost.inc({ cause }, 0);
  for (const name of jobNames) {
    metrics.jobRuns.inc({ name }, 0);
    metrics.jobFailures.inc({ name }, 0);
    metrics.jobSeconds.set({ name }, 0);
    metrics.jobOverdueSeconds.set({ name }, 0);
  }
  for (const content of ['new', 'known']) metrics.fileUploads.inc({ content }, 0);
  for (const kind of ['original', 'thumbnail', 'redirect']) metrics.fileDownloads.inc({ kind }, 0);
  for (const direction of ['in', 'out']) metrics.fileBytes.inc({ direction }, 0);
  for (const operation of storeOperations) metrics.fileStoreFailures.inc({ operation }, 0);
  for (const { command } of Object.values(hookTable)) {
    for (const result of ['continued', 'refused', 'unreachable', 'invalid']) {
      metrics.webhookRequests.inc({ command, result }, 0);
    }
  }
  for (const provider of pushProviderNames) {
    for (const outcome of Object.keys(pushOutcomes)) metrics.offlinePushes.inc({ provider, outcome }, 0);
  }
  for (const topic of ['webhooks', 'push']) {
    metrics.deliveriesWaiting.set({ topic }, 0);
    metrics.deliveriesParked.set({ topic }, 0);
  }
  metrics.nodeHearing.set(1);
  for (const role of roles) metrics.clusterNodes.set({ role }, 0);
  for (const what of ['crash', 'failover']) metrics.databaseUnsafe.set({ what }, 0);
  for (const what of ['eviction', 'persistence']) metrics.redisUnsafe.set({ what }, 0);
  for (const clock of ['host', 'redis']) {
    for (const direction of ['forward', 'back']) metrics.clockSteps.inc({ clock, direction }, 0);
  }
  for (const reason of ['store', 'flood']) metrics.tokenEventsDropped.inc({ reason }, 0);
}

const doors = ['api', 'gateway'];
const jobNames = [
  ...['retention', 'timed-destruction', 'token-events', 'client-logs'],
  ...['file-retention', 'file-collection', 'file-verification'],
];
/** What a verification can end with. */
const verdictCodes = [0, 500, 1501, 1502, 1503, 1504, 1505, 1506, 1507];
const endReasons: Readonly<Record<TokenEndReason, true>> = {
  policy: true,
  displaced: true,
  forced: true,
  revoked: true,
  openim: true,
};
const pushOutcomes: Readonly<Record<PushOutcome['kind'], true>> = {
  sent: true,
  dead: true,
  refused: true,
  later: true,
};
const lossCauses: Readonly<Record<LossCause, true>> = {
  eviction: true,
  flush: true,
  restart: true,
  failover: true,
  unknown: true,
};
