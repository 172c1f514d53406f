/** A TCP proxy that a test stands in between: it sees what passes, and may keep it or cut the link. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** One connection of a client, and that to the server which it stands for. */
export interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** Told of each piece before it passes. @returns false to keep it back */
export type Watch = (piece: Buffer, link: Link, from: 'client' | 'server') => boolean;

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #target: { readonly port: number; readonly hostname: string };
  /** Lets everything pass by default. */
  watch: Watch = () => true;
  /** No new connection gets through while it is set. */
  isClosed = false;

  private constructor(target: { readonly port: number; readonly hostname: string }) {
    this.#target = target;
    this.#server = createServer((client) => {
      if (this.isClosed) return void client.destroy();
      const server = connect(this.#target.port, this.#target.hostname);
      const link = { client, server };
      this.#links.add(link);
      this.#join(link, 'client');
      this.#join(link, 'server');
    });
  }

  /** @param target an address such as postgres://user@host:port/database */
  static async to(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(addressOf(target));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The same address by way of the proxy. */
  urlOf(target: string): string {
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** New connections go there from now on; those that there are end. */
  turnTo(target: string): void {
    this.#target = addressOf(target);
    this.cutAll();
  }

  cutAll(): void {
    for (const link of this.#links) cut(link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(link: Link, from: 'client' | 'server'): void {
    const [source, sink] = from === 'client' ? [link.client, link.server] : [link.server, link.client];
    source.on('data', (piece: Buffer) => {
      if (this.watch(piece, link, from)) sink.write(piece);
    });
    source.on('error', () => {});
    source.on('close', () => {
      this.#links.delete(link);
      sink.destroy();
    });
  }
}

function addressOf(target: string): { port: number; hostname: string } {
  const { port, hostname } = new URL(target);
  return { port: Number(port), hostname };
}

export function cut({ client, server }: Link): void {
  client.destroy();
  server.destroy();
}
