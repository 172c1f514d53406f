/** When each alert fires, and when it does not: series as Prometheus would have scraped them, 15 s apart. */

export interface AlertCase {
  readonly alert: string;
  readonly when: string;
  /** Values in promtool's notation, by series: `1+0x20` is twenty times 1 more, `_` is a scrape without the series. */
  readonly series: Readonly<Record<string, string>>;
  /** When to look, such as `5m`. */
  readonly at: string;
  /** Labels of each alert that fires then, severity aside. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const node = 'job="tessera",instance="a:10002"';
const instance = { instance: 'a:10002' };
const quiet: AlertCase['fires'] = [];
/** Buckets of a histogram whose answers all fall between two bounds. */
const answersBelow = (name: string, bounds: readonly string[], from: string, labels = '') =>
  Object.fromEntries(
    [...bounds, '+Inf'].map((le) => [
      `${name}_bucket{${node}${labels},le="${le}"}`,
      le !== '+Inf' && Number(le) < Number(from) ? '0+0x120' : '0+10x120',
    ]),
  );

const lost = `tessera_tokens_lost_total{${node},cause="eviction"}`;
const dropped = `tessera_token_events_dropped_total{${node},reason="flood"}`;
const verified = (code: number) => `tessera_tokens_verified_total{${node},code="${code}",cache="miss"}`;
const errors = (code: number) => `tessera_errors_total{${node},door="api",code="${code}"}`;
const failed = `tessera_job_failures_total{${node},name="retention"}`;
const overdue = `tessera_job_overdue_seconds{${node},name="retention"}`;
const storeFailures = `tessera_file_store_failures_total{${node},operation="finish"}`;
const wrong = `tessera_file_blobs_wrong_total{${node}}`;
const parked = `tessera_deliveries_parked{${node},topic="webhooks"}`;
const waiting = `tessera_deliveries_waiting{${node},topic="webhooks"}`;
const atApi = { ...instance, door: 'api' };

export const alertCases: readonly AlertCase[] = [
  ...about('TesseraTokensLost', '6m', { cause: 'eviction' }, [
    ['the first token is lost', { [lost]: '0x20 1x100' }, true],
    ['tokens were lost before the first scrape of a new server', { [lost]: '_x20 3x100' }, true],
    ['the server was restarted, and has lost tokens since', { [lost]: '7x20 0 2x100' }, true],
    ['none is lost', { [lost]: '0x120' }, false],
    ['the last was lost hours ago', { [lost]: '4x120' }, false, '25m'],
    ['the server was restarted, and has lost none since', { [lost]: '7x20 0x100' }, false],
  ]),
  ...about('TesseraTokenStoreUnreachable', '6m', instance, [
    ['no token can be checked', { [verified(500)]: '0+3x120' }, true],
    ['that was over before long', { [verified(500)]: '0+3x4 12x100' }, false],
    ['tokens are refused for what they are', { [verified(500)]: '0x120', [verified(1501)]: '0+3x120' }, false],
  ]),
  ...about('TesseraTokensAcceptedUnchecked', '5m', instance, [
    ['tokens are accepted by signature', { [`tessera_tokens_accepted_unchecked{${node}}`]: '0x10 1x60' }, true],
    ['the store decides', { [`tessera_tokens_accepted_unchecked{${node}}`]: '0x60' }, false],
  ]),
  ...about('TesseraTokenFeedDown', '5m', instance, [
    ['the feed is down for long', { [`tessera_token_feed_up{${node}}`]: '1x4 0x60' }, true],
    ['the feed is back at once', { [`tessera_token_feed_up{${node}}`]: '1x4 0x2 1x60' }, false],
  ]),
  ...about('TesseraTokenStoreSlow', '25m', instance, [
    [
      'answers take between 100 and 500 ms',
      answersBelow('tessera_token_store_seconds', ['0.025', '0.1', '0.5', '2'], '0.5', ',operation="find"'),
      true,
    ],
    [
      'answers take less than 100 ms',
      answersBelow('tessera_token_store_seconds', ['0.025', '0.1', '0.5', '2'], '0.1', ',operation="find"'),
      false,
    ],
    [
      'it is the census that takes so long',
      answersBelow('tessera_token_store_seconds', ['0.025', '0.1', '0.5', '2'], '0.5', ',operation="countLive"'),
      false,
    ],
  ]),
  ...about('TesseraTokenEventsDropped', '6m', { ...instance, reason: 'flood' }, [
    ['the first entry is dropped', { [dropped]: '0x20 1x100' }, true],
    ['entries were dropped before the first scrape', { [dropped]: '_x20 5x100' }, true],
    ['none is dropped', { [dropped]: '0x120' }, false],
  ]),
  ...about('TesseraManyTokensRefused', '25m', {}, [
    ['one of two is unknown', { [verified(0)]: '0+60x120', [verified(1505)]: '0+60x120' }, true],
    ['one of two is expired', { [verified(0)]: '0+60x120', [verified(1501)]: '0+60x120' }, false],
    ['hardly anybody is there', { [verified(0)]: '0+1x120', [verified(1505)]: '0+1x120' }, false],
  ]),
  ...about('TesseraDown', '5m', { ...instance, job: 'tessera' }, [
    ['it is not reached', { [`up{${node}}`]: '1x4 0x60' }, true],
    ['it is reached', { [`up{${node}}`]: '1x60' }, false],
    ['something else is not reached', { 'up{job="nginx",instance="b:80"}': '0x60' }, false],
  ]),
  ...about('TesseraNotReady', '5m', instance, [
    ['it is not ready', { [`tessera_ready{${node}}`]: '1x4 0x60' }, true],
    ['it is ready again before long', { [`tessera_ready{${node}}`]: '1x4 0x2 1x60' }, false],
  ]),
  ...about('TesseraStoreDown', '5m', { ...instance, store: 'tokens' }, [
    [
      'the token store does not answer',
      {
        [`tessera_store_up{${node},store="tokens"}`]: '1x4 0x60',
        [`tessera_store_up{${node},store="database"}`]: '1x60',
      },
      true,
    ],
    ['both answer', { [`tessera_store_up{${node},store="tokens"}`]: '1x60' }, false],
  ]),
  ...about('TesseraErrors', '12m', atApi, [
    ['calls end with 500', { [errors(500)]: '0x8 0+3x120' }, true],
    ['one call ends with 500', { [errors(500)]: '0x8 1x120' }, false],
    ['calls are refused for what they ask', { [errors(500)]: '0x120', [errors(1001)]: '0+3x120' }, false],
  ]),
  ...about('TesseraThrottled', '12m', atApi, [
    ['callers are throttled', { [errors(429)]: '0+3x120' }, true],
    ['one was', { [errors(429)]: '0x8 1x120' }, false],
  ]),
  ...about('TesseraFileDescriptors', '12m', { ...instance, job: 'tessera' }, [
    ['nine of ten are in use', processSeries({ process_open_fds: 900, process_max_fds: 1000 }), true],
    ['half are in use', processSeries({ process_open_fds: 500, process_max_fds: 1000 }), false],
    [
      'it is another program whose are in use',
      { 'process_open_fds{job="x",instance="x"}': '9x60', 'process_max_fds{job="x",instance="x"}': '10x60' },
      false,
    ],
  ]),
  ...about('TesseraEventLoopSlow', '12m', { ...instance, job: 'tessera' }, [
    ['it is half a second late', processSeries({ nodejs_eventloop_lag_p99_seconds: 0.5 }), true],
    ['it is 20 ms late', processSeries({ nodejs_eventloop_lag_p99_seconds: 0.02 }), false],
  ]),
  ...about('TesseraDiskFilling', '12m', { ...instance, job: 'tessera' }, [
    ['5 % are free', processSeries({ tessera_disk_free_bytes: 5e9, tessera_disk_size_bytes: 1e11 }), true],
    ['half is free', processSeries({ tessera_disk_free_bytes: 5e10, tessera_disk_size_bytes: 1e11 }), false],
  ]),
  ...about('TesseraDiskFull', '12m', { ...instance, job: 'tessera' }, [
    ['1 % is free', processSeries({ tessera_disk_free_bytes: 1e9, tessera_disk_size_bytes: 1e11 }), true],
    ['5 % are free', processSeries({ tessera_disk_free_bytes: 5e9, tessera_disk_size_bytes: 1e11 }), false],
  ]),
  ...about('TesseraSlowCommits', '25m', instance, [
    [
      'commits take between 250 ms and a second',
      answersBelow('tessera_append_seconds', ['0.1', '0.25', '1'], '1'),
      true,
    ],
    ['commits take 100 ms', answersBelow('tessera_append_seconds', ['0.1', '0.25', '1'], '0.1'), false],
  ]),
  ...about('TesseraSlowReaders', '25m', instance, [
    ['many are cut off', { [`tessera_gateway_disconnects_total{${node},reason="slow_reader"}`]: '0+6x120' }, true],
    ['many are kicked', { [`tessera_gateway_disconnects_total{${node},reason="kicked"}`]: '0+6x120' }, false],
  ]),
  ...about('TesseraJobFailed', '10m', { ...instance, name: 'retention' }, [
    ['a run fails', { [failed]: '0x20 1x100' }, true],
    ['the server was restarted, and no run has failed since', { [failed]: '0x100' }, false],
    ['the last failed hours ago', { [failed]: '0x4 1x900' }, false, '200m'],
  ]),
  ...about('TesseraJobOverdue', '100m', { name: 'retention' }, [
    ['no node has begun a run for hours', { [overdue]: '0+15x500' }, true],
    ['it begins a run every ten minutes', { [overdue]: '0x500' }, false],
  ]),
  ...about('TesseraDeliveriesParked', '12m', { topic: 'webhooks' }, [
    ['a webhook was given up', { [parked]: '0x4 1x100' }, true],
    ['it was told again at last', { [parked]: '1x8 0x100' }, false],
  ]),
  ...about('TesseraDeliveriesHeldUp', '30m', { topic: 'webhooks' }, [
    ['the receiver is away for long', { [waiting]: '0x4 20000x120' }, true],
    ['it was away, and catches up', { [waiting]: '20000x20 100x120' }, false],
    ['some wait', { [waiting]: '500x120' }, false],
  ]),
  ...about('TesseraFileStoreFailing', '12m', { ...instance, operation: 'finish' }, [
    ['the store has been down for long', { [storeFailures]: '0x4 0+3x100' }, true],
    ['it fails again and again, with pauses', { [storeFailures]: '0 1x8 2x8 3x8 4x8 5x8 6x8' }, true],
    ['it failed once', { [storeFailures]: '0x4 1x100' }, false],
  ]),
  ...about('TesseraFilesMissing', '10m', instance, [
    ['a verification finds some missing', { [wrong]: '0x20 2x100' }, true],
    ['it found them before the first scrape of a new server', { [wrong]: '_x20 2x100' }, true],
    ['all is there', { [wrong]: '0x120' }, false],
    ['that was two days ago', { [wrong]: '2x11600' }, false, '48h'],
  ]),
  ...about('TesseraRoleMissing', '10m', { job: 'tessera', role: 'jobs' }, [
    ['no node runs jobs', onTwoNodes('tessera_cluster_nodes', 'role="jobs"', '0x60', '0x60'), true],
    ['one does', onTwoNodes('tessera_cluster_nodes', 'role="jobs"', '1x60', '1x60'), false],
    [
      'a node that has just started does not know them yet',
      onTwoNodes('tessera_cluster_nodes', 'role="jobs"', '1x60', '0x60'),
      false,
    ],
  ]),
  ...about('TesseraRoleMissing', '10m', { job: 'tessera', role: 'gateway' }, [
    ['no node serves sockets', onTwoNodes('tessera_cluster_nodes', 'role="gateway"', '1x8 0x60', '1x8 0x60'), true],
  ]),
  ...about('TesseraVersionsMixed', '200m', { job: 'tessera' }, [
    ['an upgrade stays half done', onTwoNodes('tessera_cluster_versions', '', '1x20 2x900', '1x20 2x900'), true],
    ['an upgrade takes an hour', onTwoNodes('tessera_cluster_versions', '', '1x300 2x240 1x900', '1x900'), false],
  ]),
  ...about('TesseraSettingsDiffer', '200m', { job: 'tessera', subject: 'push' }, [
    [
      'a node has other credentials',
      { [`tessera_cluster_settings_differ{${node},subject="push"}`]: '0x20 1x900' },
      true,
    ],
    [
      'settings are rolled out',
      { [`tessera_cluster_settings_differ{${node},subject="push"}`]: '0x20 1x120 0x900' },
      false,
    ],
  ]),
  ...about('TesseraClockWrong', '20m', { ...instance, job: 'tessera' }, [
    ['the host is 5 s behind', { [`tessera_clock_ahead_seconds{${node}}`]: '-5x120' }, true],
    ['it is right to a tenth of a second', { [`tessera_clock_ahead_seconds{${node}}`]: '0.1x120' }, false],
  ]),
  ...about('TesseraTimeUncertain', '20m', { ...instance, job: 'tessera' }, [
    ['Redis takes half a second to answer', { [`tessera_clock_uncertainty_seconds{${node}}`]: '0.25x120' }, true],
    ['it answers in a few ms', { [`tessera_clock_uncertainty_seconds{${node}}`]: '0.004x120' }, false],
  ]),
  ...about('TesseraManyRepairs', '40m', instance, [
    ['publications are lost all the time', { [`tessera_node_repairs_total{${node}}`]: '0+15x200' }, true],
    ['a node was killed', { [`tessera_node_repairs_total{${node}}`]: '0x20 2000x200' }, false],
  ]),
  ...about('TesseraNodeDeaf', '5m', instance, [
    ['Redis is away', { [`tessera_node_hearing{${node}}`]: '1x4 0x60' }, true],
    ['it was for a moment', { [`tessera_node_hearing{${node}}`]: '1x4 0x2 1x60' }, false],
  ]),
  ...about('TesseraNodeNotHeard', '5m', instance, [
    ['a node holds its lease and says nothing', { [`tessera_node_silent{${node}}`]: '0x4 1x60' }, true],
    ['a node died, until its lease has ended', { [`tessera_node_silent{${node}}`]: '0x4 1x1 0x60' }, false],
  ]),
  ...about('TesseraNodeLag', '25m', instance, [
    ['it takes up to a second', answersBelow('tessera_node_lag_seconds', ['0.1', '0.5', '1'], '1'), true],
    ['it takes up to 100 ms', answersBelow('tessera_node_lag_seconds', ['0.1', '0.5', '1'], '0.1'), false],
  ]),
];

type Row = readonly [when: string, series: Readonly<Record<string, string>>, fires: boolean, at?: string];

function about(alert: string, usually: string, labels: Readonly<Record<string, string>>, rows: readonly Row[]) {
  return rows.map(
    ([when, series, fires, at = usually]): AlertCase => ({ alert, when, series, at, fires: fires ? [labels] : quiet }),
  );
}

/** What two nodes of one cluster say. */
function onTwoNodes(name: string, label: string, a: string, b: string): Readonly<Record<string, string>> {
  const more = label === '' ? '' : `,${label}`;
  return { [`${name}{${node}${more}}`]: a, [`${name}{job="tessera",instance="b:10002"${more}}`]: b };
}

/** Gauges of a process that stay as they are. */
function processSeries(values: Readonly<Record<string, number>>): Readonly<Record<string, string>> {
  const named = Object.entries(values).map(([name, value]) => [`${name}{${node}}`, `${value}x60`]);
  return Object.fromEntries([...named, [`tessera_ready{${node}}`, '1x60']]);
}
