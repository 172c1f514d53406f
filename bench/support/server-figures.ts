/** What a server says of itself in its metrics. */
export interface ServerFigures {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly cpuSeconds: number;
  /** Since the last time it was asked, in ms. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly messages: number;
  readonly pushes: number;
  readonly connections: number;
  readonly outboxWaiting: number;
  readonly outboxFailures: number;
  /** Group commits of messages. */
  readonly commits: number;
  /** To other nodes. */
  readonly publications: number;
  /** Messages of other nodes that were read from the database. */
  readonly repairs: number;
  /** Answers with an error of the protocol, expected or not. */
  readonly errors: number;
}

export async function figuresOf(apiUrl: string): Promise<ServerFigures> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  /** Summed over the labels. */
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce((all, [, n]) => all + Number(n), 0);
  return {
    residentBytes: sum('process_resident_memory_bytes'),
    heapBytes: sum('nodejs_heap_size_used_bytes'),
    cpuSeconds: sum('process_cpu_seconds_total'),
    loopDelayP99Ms: sum('nodejs_eventloop_lag_p99_seconds') * 1000,
    loopDelayMaxMs: sum('nodejs_eventloop_lag_max_seconds') * 1000,
    messages: sum('tessera_messages_appended_total'),
    pushes: sum('tessera_pushes_total'),
    connections: sum('tessera_gateway_connections'),
    outboxWaiting: sum('tessera_outbox_waiting'),
    outboxFailures: sum('tessera_outbox_failures_total'),
    commits: sum('tessera_append_batch_size_count'),
    publications: sum('tessera_node_publications_total'),
    repairs: sum('tessera_node_repairs_total'),
    errors: sum('tessera_errors_total'),
  };
}
