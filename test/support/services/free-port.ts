/** Picks TCP ports for test services. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ranges that Linux and macOS take for outgoing connections, so that a restart finds its port still free. */
const RANGE = { from: 20_000, to: 32_000 };

/** A port of 127.0.0.1 that nobody listens on at this moment. Throws when a hundred random ports are all taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free TCP port found between ${RANGE.from} and ${RANGE.to}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
