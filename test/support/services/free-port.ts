/** Picks TCP ports for test services. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ranges that Linux and macOS take for outgoing connections, so that a restart finds its port still free. */
const RANGE = { from: 20_000, to: 32_000 };

/**
 * A port of 127.0.0.1 that nobody listens on at this moment, and that is given to nobody else while this process lives:
 * its service needs a while until it listens, and does not while it is restarted. Throws when a hundred random ports are
 * all taken.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(RANGE.from, RANGE.to);
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error(`no free TCP port found between ${RANGE.from} and ${RANGE.to}`);
}

/** A name among the sockets of the system, which goes with the process. Elsewhere than on Linux chance has to do. */
async function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const name = createServer().listen(`\0tessera-test-port-${port}`);
  name.unref();
  return listens(name);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await listens(server);
  server.close();
  return isListening;
}

async function listens(server: Server): Promise<boolean> {
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  }
}
