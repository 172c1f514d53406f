/**
 * Nodes behind nginx, each a process, with a proxy of its own between it and each store, so that a test can cut off one of
 * them alone. To clients it is one server.
 */
import { BackEnd } from '../back-end.ts';
import { type Nginx, startNginx } from '../services/nginx.ts';
import { TcpProxy } from '../tcp-proxy.ts';
import { TesseraProcess } from '../tessera-process.ts';

export interface Stores {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

export interface ClusterOptions extends Stores {
  readonly nodes: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Of single nodes. */
  readonly envOf?: (node: number) => Readonly<Record<string, string>>;
  /** If they are of another version: see TesseraOptions. */
  readonly programOf?: (node: number) => readonly string[];
  /** The stores have several addresses, or change them: then there are no proxies. */
  readonly isDirect?: boolean;
}

export interface ClusterNode {
  readonly name: string;
  readonly process: TesseraProcess;
  /** Of this node alone. */
  readonly backEnd: BackEnd;
  readonly postgres: TcpProxy | undefined;
  readonly redis: TcpProxy | undefined;
}

export class NodeCluster implements AsyncDisposable {
  readonly nodes: readonly ClusterNode[];
  readonly nginx: Nginx;
  /** By way of nginx. */
  readonly backEnd: BackEnd;
  readonly #owned: AsyncDisposableStack;

  private constructor(nodes: readonly ClusterNode[], nginx: Nginx, owned: AsyncDisposableStack) {
    this.nodes = nodes;
    this.nginx = nginx;
    this.backEnd = new BackEnd(() => this.apiUrl);
    this.#owned = owned;
  }

  static async open(options: ClusterOptions): Promise<NodeCluster> {
    await using owned = new AsyncDisposableStack();
    const started = Array.from({ length: options.nodes }, (_, index) => startNode(options, index, owned));
    // If one cannot be started, the others are known when they are to be ended.
    await Promise.allSettled(started);
    const nodes = await Promise.all(started);
    const nginx = owned.use(await startNginx(nodes.map(({ process }) => portsOf(process))));
    return new NodeCluster(nodes, nginx, owned.move());
  }

  get apiUrl(): string {
    return this.nginx.url;
  }

  get wsPort(): number {
    return this.nginx.gatewayPort;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.wsPort}`;
  }

  /** Resolves while all nodes listen, and otherwise when they do again. */
  get running(): Promise<void> {
    return Promise.all(this.nodes.map(({ process }) => process.running)).then(() => {});
  }

  /** All nodes at once. */
  async kill(): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.kill()));
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.start()));
  }

  /** Messages that nodes have read from the database because they did not arrive, since their processes began. */
  repairs(): Promise<readonly number[]> {
    return this.#counters('tessera_node_repairs_total');
  }

  /** What other nodes said that they did not know, since their processes began. */
  unreadable(): Promise<readonly number[]> {
    return this.#counters('tessera_node_unreadable_total');
  }

  #counters(name: string): Promise<number[]> {
    return Promise.all(this.nodes.map(async ({ process }) => counter(process, name)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

async function startNode(options: ClusterOptions, index: number, owned: AsyncDisposableStack): Promise<ClusterNode> {
  const { databaseUrl, redisUrl, env = {}, envOf, programOf, isDirect = false } = options;
  const proxyTo = async (url: string) => (isDirect ? undefined : owned.use(await TcpProxy.to(url)));
  const [postgres, redis] = [await proxyTo(databaseUrl), await proxyTo(redisUrl)];
  const process = await TesseraProcess.start({
    ...(programOf === undefined ? {} : { program: programOf(index) }),
    env: {
      TESSERA_DATABASE_URL: postgres?.urlOf(databaseUrl) ?? databaseUrl,
      TESSERA_REDIS_URL: redis?.urlOf(redisUrl) ?? redisUrl,
      TESSERA_SIGNING_KEYS: 'one-key-for-all-nodes-of-the-test',
      ...env,
      ...envOf?.(index),
    },
  });
  owned.defer(() => process.dispose());
  return { name: `node ${index + 1}`, process, backEnd: new BackEnd(() => process.apiUrl), postgres, redis };
}

function portsOf({ apiUrl, wsPort }: TesseraProcess) {
  return { apiPort: Number(new URL(apiUrl).port), wsPort };
}

/** 0 while the node does not answer. */
async function counter({ apiUrl }: TesseraProcess, name: string): Promise<number> {
  const answer = await fetch(`${apiUrl}/metrics`).catch(() => undefined);
  const text = (await answer?.text()) ?? '';
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}
