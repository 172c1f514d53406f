/** A way to Redis on which subscriptions can fall silent without being closed, as behind a cable that was pulled. */
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface SilentProxy {
  readonly url: string;
  /** From now on nothing passes on the connections that have subscribed; new ones are as good as any. */
  silenceSubscriptions(): void;
  /** Resolves when a subscription has been made through here since the last time. */
  untilSubscribed(): Promise<void>;
}

export async function startSilentProxy(t: TestContext, port: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  const subscriptions = new Set<Way>();
  let subscribed = Promise.withResolvers<void>();
  const server = createServer((client) => {
    const way = { isSilent: false };
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
      from.on('data', (chunk) => {
        if (way.isSilent) return;
        if (from === client && /subscribe\r\n/i.test(chunk.toString('latin1'))) {
          subscriptions.add(way);
          subscribed.resolve();
          subscribed = Promise.withResolvers();
        }
        to.write(chunk);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    silenceSubscriptions: () => {
      for (const way of subscriptions) way.isSilent = true;
    },
    untilSubscribed: () => subscribed.promise,
  };
}

interface Way {
  isSilent: boolean;
}
