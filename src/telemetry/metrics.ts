/** Every Prometheus series Tessera exposes, by name. Labels hold small closed sets: never a user, a token or a path. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { TallyCounter } from './tally-counter.ts';
import { TallyHistogram } from './tally-histogram.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** One registry per application, so that tests can run several in one process. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    httpRequestSeconds: new TallyHistogram({
      name: 'tessera_http_request_seconds',
      help: 'REST requests by route and protocol error code.',
      labelNames: ['route', 'code'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    errors: new Counter({
      name: 'tessera_errors_total',
      help: 'Answers with an error, by door (api, gateway) and protocol error code.',
      labelNames: ['door', 'code'] as const,
      registers,
    }),
    ready: new Gauge({
      name: 'tessera_ready',
      help: '1 while this node can take requests, as /readyz has it.',
      registers,
    }),
    storeUp: new Gauge({
      name: 'tessera_store_up',
      help: '1 while the store answers: database, tokens.',
      labelNames: ['store'] as const,
      registers,
    }),
    diskFree: new Gauge({
      name: 'tessera_disk_free_bytes',
      help: 'Free space for us on the disk of the data directory.',
      registers,
    }),
    diskSize: new Gauge({
      name: 'tessera_disk_size_bytes',
      help: 'Size of the disk of the data directory.',
      registers,
    }),
    gatewayConnections: new Gauge({
      name: 'tessera_gateway_connections',
      help: 'Open sockets by platform.',
      labelNames: ['platform'] as const,
      registers,
    }),
    gatewayHandshakes: new Counter({
      name: 'tessera_gateway_handshakes_total',
      help: 'Socket handshakes by protocol error code; 0 is success.',
      labelNames: ['code'] as const,
      registers,
    }),
    gatewayRequests: new Counter({
      name: 'tessera_gateway_requests_total',
      help: 'Socket requests by identifier and protocol error code.',
      labelNames: ['identifier', 'code'] as const,
      registers,
    }),
    gatewayDisconnects: new Counter({
      name: 'tessera_gateway_disconnects_total',
      help: 'Sockets ended by the server, by reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    gatewaySubscriptions: new Gauge({
      name: 'tessera_gateway_subscriptions',
      help: 'Open subscriptions of sockets to the online status of users.',
      registers,
    }),
    statusPushes: new Counter({
      name: 'tessera_status_pushes_total',
      help: 'Push frames about the online status of users handed to sockets.',
      registers,
    }),
    messagesAppended: new Counter({
      name: 'tessera_messages_appended_total',
      help: 'Messages committed to the store.',
      registers,
    }),
    messagesDeduplicated: new Counter({
      name: 'tessera_messages_deduplicated_total',
      help: 'Sends that repeated a committed clientMsgID and stored nothing.',
      registers,
    }),
    appendBatchSize: new Histogram({
      name: 'tessera_append_batch_size',
      help: 'Messages per group commit.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'tessera_append_seconds',
      help: 'Duration of one group commit.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    pushes: new Counter({
      name: 'tessera_pushes_total',
      help: 'Push frames handed to sockets.',
      registers,
    }),
    databaseUnsafe: new Gauge({
      name: 'tessera_database_unsafe',
      help: '1 where PostgreSQL is set so that messages may be lost that were acknowledged: by a crash, or on nodes by a failover.',
      labelNames: ['what'] as const,
      registers,
    }),
    transactionsOverdue: new Counter({
      name: 'tessera_transactions_overdue_total',
      help: 'Transactions that did not come to their end within 15 s and were undone.',
      registers,
    }),
    nodePublications: new Counter({
      name: 'tessera_node_publications_total',
      help: 'Publications sent to other nodes, each with all that concerned that node.',
      registers,
    }),
    nodeLagSeconds: new Histogram({
      name: 'tessera_node_lag_seconds',
      help: 'From the commit on another node to the arrival here, by the time that nodes have in common.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    nodeRepairs: new Counter({
      name: 'tessera_node_repairs_total',
      help: 'Messages of other nodes that did not arrive and were read from the database.',
      registers,
    }),
    nodeUnreadable: new Counter({
      name: 'tessera_node_unreadable_total',
      help: 'What other nodes said that this version does not know.',
      registers,
    }),
    nodeFailures: new Counter({
      name: 'tessera_node_failures_total',
      help: 'Steps between nodes that failed: looking up, publishing, repairing; repaired or tried again.',
      registers,
    }),
    nodeHearing: new Gauge({
      name: 'tessera_node_hearing',
      help: '1 while Redis carries what nodes tell each other; 0: it is read from the database every second.',
      registers,
    }),
    nodeSilent: new Gauge({
      name: 'tessera_node_silent',
      help: 'Other nodes that live but of which this one hears nothing: what they store is read from the database.',
      registers,
    }),
    clusterNodes: new Gauge({
      name: 'tessera_cluster_nodes',
      help: 'Nodes that live, as this one has it, by role (api, gateway, jobs); one with several roles counts in each.',
      labelNames: ['role'] as const,
      registers,
    }),
    clusterPeers: new Gauge({
      name: 'tessera_cluster_peers',
      help: 'Other nodes that live, as this one has it.',
      registers,
    }),
    clusterVersions: new Gauge({
      name: 'tessera_cluster_versions',
      help: 'Different versions of Tessera among the nodes that live, as this one has it.',
      registers,
    }),
    clusterSettingsDiffer: new Gauge({
      name: 'tessera_cluster_settings_differ',
      help: 'Nodes that live whose settings differ from those of most, as this one has it; by subject (secrets, tokens, push, webhooks, ...). tessera doctor names them.',
      labelNames: ['subject'],
      registers,
    }),
    clusterConnections: new Gauge({
      name: 'tessera_cluster_connections',
      help: 'Sockets of all nodes that live, as they told this one last.',
      registers,
    }),
    presenceUsers: new Gauge({
      name: 'tessera_presence_users',
      help: 'Users who are online by a socket of this node.',
      registers,
    }),
    outboxClaims: new Counter({
      name: 'tessera_outbox_claims_total',
      help: 'Conversations, groups and users whose effects this node has claimed to work off before other nodes.',
      registers,
    }),
    outboxClaimsLost: new Counter({
      name: 'tessera_outbox_claims_lost_total',
      help: 'Claims that ended before the work was done: another node may have done it once more.',
      registers,
    }),
    outboxWaiting: new Gauge({
      name: 'tessera_outbox_waiting',
      help: 'Effects of committed changes that are still to be worked off.',
      registers,
    }),
    webhookRequests: new Counter({
      name: 'tessera_webhook_requests_total',
      help: 'Requests to the back end, by command and by what came of them.',
      labelNames: ['command', 'result'] as const,
      registers,
    }),
    webhookSeconds: new Histogram({
      name: 'tessera_webhook_seconds',
      help: 'From a request to the back end to its answer, or the end of waiting.',
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
      registers,
    }),
    deliveriesWaiting: new Gauge({
      name: 'tessera_deliveries_waiting',
      help: 'What the world outside is still to hear of committed changes.',
      labelNames: ['topic'] as const,
      registers,
    }),
    deliveriesParked: new Gauge({
      name: 'tessera_deliveries_parked',
      help: 'What it did not take so often that it waits for an operator.',
      labelNames: ['topic'] as const,
      registers,
    }),
    offlinePushes: new Counter({
      name: 'tessera_offline_pushes_total',
      help: 'What push services made of offline pushes, by service: sent, dead, refused, later.',
      labelNames: ['provider', 'outcome'] as const,
      registers,
    }),
    offlinePushesFailed: new Counter({
      name: 'msg_offline_push_failed_total',
      help: 'Offline pushes that a service has refused or could not take then, under the name that OpenIM gives them.',
      registers,
    }),
    offlinePushesTooOld: new Counter({
      name: 'tessera_offline_pushes_too_old_total',
      help: 'Messages, or what a service could not take of them, that were too old to wake anybody.',
      registers,
    }),
    offlinePushesLeftOut: new Counter({
      name: 'tessera_offline_pushes_left_out_total',
      help: 'Messages that wake nobody offline since too many wait.',
      registers,
    }),
    outboxFailures: new Counter({
      name: 'tessera_outbox_failures_total',
      help: 'Times that an effect of a committed change failed and was put off.',
      registers,
    }),
    jobRuns: new Counter({
      name: 'tessera_job_runs_total',
      help: 'Runs of jobs on this node that came to their end, by its name.',
      labelNames: ['name'] as const,
      registers,
    }),
    jobFailures: new Counter({
      name: 'tessera_job_failures_total',
      help: 'Runs that failed and are tried again, by its name.',
      labelNames: ['name'] as const,
      registers,
    }),
    jobSeconds: new Gauge({
      name: 'tessera_job_duration_seconds',
      help: 'How long the last run of a job took that came to its end on this node, by its name.',
      labelNames: ['name'] as const,
      registers,
    }),
    jobOverdueSeconds: new Gauge({
      name: 'tessera_job_overdue_seconds',
      help: 'How long a job ought to have begun its next run, on whichever node, by its name.',
      labelNames: ['name'] as const,
      registers,
    }),
    fileUploads: new Counter({
      name: 'tessera_file_uploads_total',
      help: 'Objects made of files, by whether their content had to be sent (new) or was here already (known).',
      labelNames: ['content'] as const,
      registers,
    }),
    fileDownloads: new Counter({
      name: 'tessera_file_downloads_total',
      help: 'Objects given to clients: the original, a thumbnail, or a redirect to where it is.',
      labelNames: ['kind'] as const,
      registers,
    }),
    fileBytes: new Counter({
      name: 'tessera_file_bytes_total',
      help: 'Bytes of files that came in and were asked for (out) here, without those that clients send to a store or fetch there.',
      labelNames: ['direction'] as const,
      registers,
    }),
    fileStoreFailures: new Counter({
      name: 'tessera_file_store_failures_total',
      help: 'Times that the directory or the store of files failed, by what it was asked for.',
      labelNames: ['operation'] as const,
      registers,
    }),
    fileBlobsCollected: new Counter({
      name: 'tessera_file_blobs_collected_total',
      help: 'Contents deleted because no object had named them for a day.',
      registers,
    }),
    fileBlobsWrong: new Counter({
      name: 'tessera_file_blobs_wrong_total',
      help: 'Contents that objects name and that a verification has found missing or of another size.',
      registers,
    }),
    messagesExpired: new Counter({
      name: 'tessera_messages_expired_total',
      help: 'Messages that were erased because they were older than retainMessages.',
      registers,
    }),
    conversationsDestructed: new Counter({
      name: 'tessera_conversations_destructed_total',
      help: 'Times that messages left a conversation of an owner because of its msgDestructTime.',
      registers,
    }),
    searchWaiting: new Gauge({
      name: 'tessera_search_waiting',
      help: 'Conversations with messages that are known not to be in the index of texts yet.',
      registers,
    }),
    searchIndexed: new Counter({
      name: 'tessera_search_indexed_total',
      help: 'Messages that the index of texts has looked at.',
      registers,
    }),
    searchFailures: new Counter({
      name: 'tessera_search_failures_total',
      help: 'Times that texts could not be indexed and were put off.',
      registers,
    }),
    tokensIssued: new TallyCounter({
      name: 'tessera_tokens_issued_total',
      help: 'Tokens issued, by platform.',
      labelNames: ['platform'] as const,
      registers,
    }),
    tokensEnded: new TallyCounter({
      name: 'tessera_tokens_ended_total',
      help: 'Tokens that were kicked or revoked before their end, by reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    tokensVerified: new TallyCounter({
      name: 'tessera_tokens_verified_total',
      help: 'Token verifications by protocol error code, 0 is accepted, and by whether the cache or the store answered.',
      labelNames: ['code', 'cache'] as const,
      registers,
    }),
    tokensLive: new Gauge({
      name: 'tessera_tokens_live',
      help: 'Live tokens by platform, counted every ten minutes.',
      labelNames: ['platform'] as const,
      registers,
    }),
    tokenStoreSeconds: new Histogram({
      name: 'tessera_token_store_seconds',
      help: 'Answers of the token store by operation.',
      labelNames: ['operation'] as const,
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10],
      registers,
    }),
    tokenFeedUp: new Gauge({
      name: 'tessera_token_feed_up',
      help: '1 while this node hears what other nodes do to tokens; 0: the store is asked at every verification.',
      registers,
    }),
    redisUnsafe: new Gauge({
      name: 'tessera_redis_unsafe',
      help: '1 where Redis may forget tokens: by eviction, or for want of persistence (no append-only file); -1: not shown.',
      labelNames: ['what'] as const,
      registers,
    }),
    tokenStoreDoubted: new Gauge({
      name: 'tessera_token_store_doubted',
      help: '1 while the token store may have forgotten ends of tokens: each token is looked up in the database too.',
      registers,
    }),
    tokenEndsOwed: new Gauge({
      name: 'tessera_token_ends_owed',
      help: 'Ends of tokens that could not be written to the database yet; from 10 000 on no token is issued or ended.',
      registers,
    }),
    tokenEndsRestored: new Counter({
      name: 'tessera_token_ends_restored_total',
      help: 'Tokens whose end the token store had forgotten and was told again.',
      registers,
    }),
    clockSteps: new Counter({
      name: 'tessera_clock_steps_total',
      help: 'Times that a clock was set by more than a second, by clock (host, redis) and direction (forward, back).',
      labelNames: ['clock', 'direction'] as const,
      registers,
    }),
    clockAhead: new Gauge({
      name: 'tessera_clock_ahead_seconds',
      help: 'By how much the clock of this host is ahead of that of Redis, by which nodes judge; 0 without other nodes.',
      registers,
    }),
    clockUncertainty: new Gauge({
      name: 'tessera_clock_uncertainty_seconds',
      help: 'How far the time by which this node judges may be from that of Redis, at most; 0 without other nodes.',
      registers,
    }),
    tokensLost: new Counter({
      name: 'tessera_tokens_lost_total',
      help: 'Tokens that are signed, unexpired and were never ended, but that the store had lost; by likely cause. Unless that is unknown they are taken in again.',
      labelNames: ['cause'] as const,
      registers,
    }),
    tokensUnreadable: new Counter({
      name: 'tessera_tokens_unreadable_total',
      help: 'Token records in Redis that nobody can read; such a token is refused.',
      registers,
    }),
    tokenEventsDropped: new Counter({
      name: 'tessera_token_events_dropped_total',
      help: 'Entries left out of the audit trail of tokens: the store took none for too long, or refusals came in a flood.',
      labelNames: ['reason'] as const,
      registers,
    }),
    tokensAcceptedUnchecked: new Gauge({
      name: 'tessera_tokens_accepted_unchecked',
      help: '1 while signed tokens are accepted because the token store cannot be asked.',
      registers,
    }),
  };
}
