/** Commands to test servers, outside of any client under test. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const ANSWER_LIMIT_MS = 10_000;
const POLL_MS = 20;
const LIMIT_MS = 60_000;

/**
 * Runs one command on a connection of its own; replies are those of Redis's protocol version 2. Fifty times a second while
 * servers are waited for: a client of Redis costs five times as much.
 */
export async function redisCommand(port: number, ...args: readonly string[]): Promise<unknown> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    const words = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
    socket.write(`*${args.length}\r\n${words.join('')}`);
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk]);
      const reply = readReply(received, 0);
      if (reply === undefined) continue;
      if (reply.value instanceof Error) throw reply.value;
      return reply.value;
    }
    throw new Error('the server closed the connection');
  } finally {
    socket.destroy();
  }
}

/** @returns undefined until all of it has come */
function readReply(bytes: Buffer, at: number): { readonly value: unknown; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString('latin1', at, at + 1)) {
    case '+':
      return { value: line, end };
    case '-':
      return { value: new Error(line), end };
    case ':':
      return { value: Number(line), end };
    case '$':
      return readText(bytes, end, Number(line));
    case '*':
      return readList(bytes, end, Number(line));
    default:
      throw new Error(`no reply of Redis: ${line}`);
  }
}

function readText(bytes: Buffer, at: number, length: number) {
  if (length < 0) return { value: null, end: at };
  const end = at + length + 2;
  return bytes.length < end ? undefined : { value: bytes.toString('utf8', at, end - 2), end };
}

function readList(bytes: Buffer, at: number, length: number) {
  if (length < 0) return { value: null, end: at };
  const value: unknown[] = [];
  let end = at;
  for (let index = 0; index < length; index += 1) {
    const item = readReply(bytes, end);
    if (item === undefined) return undefined;
    value.push(item.value);
    end = item.end;
  }
  return { value, end };
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
