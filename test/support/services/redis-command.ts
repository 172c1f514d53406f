/** Commands to test servers, outside of any client under test. */
import { setTimeout as delay } from 'node:timers/promises';

const ANSWER_LIMIT_MS = 10_000;
const POLL_MS = 20;
const LIMIT_MS = 60_000;

/** Runs one command on a connection of its own; replies are those of Redis's protocol version 2. */
export async function redisCommand(port: number, ...args: readonly string[]): Promise<unknown> {
  // Here and not above: whoever may start a service imports this, and few of them start a Redis.
  const { RedisClient } = await import('@redis/client');
  const client = new RedisClient({ RESP: 2, socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
  client.on('error', () => {}); // the command says it
  const limit = setTimeout(() => client.destroy(), ANSWER_LIMIT_MS);
  try {
    await client.connect();
    return await client.sendCommand([...args]);
  } finally {
    clearTimeout(limit);
    client.destroy();
  }
}

/** Fields of INFO. */
export async function redisInfo(port: number): Promise<Readonly<Record<string, string>>> {
  return fieldsOf(String(await redisCommand(port, 'INFO')));
}

/** @param lines `name:value` each, as INFO and CLUSTER INFO give them */
export function fieldsOf(lines: string): Readonly<Record<string, string>> {
  return Object.fromEntries(lines.split('\r\n').map((line) => line.split(':', 2)));
}

/** Asks again and again until the answer is yes; an error is a no. Throws, with the last of them, after a minute. */
export async function untilTrue(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadlineAt = Date.now() + LIMIT_MS;
  let cause: unknown;
  while (Date.now() < deadlineAt) {
    try {
      if (await ask()) return;
    } catch (error) {
      cause = error;
    }
    await delay(POLL_MS);
  }
  throw new Error(`waited in vain: ${what}`, { cause });
}
