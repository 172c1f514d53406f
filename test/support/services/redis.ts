/** Private Redis (or Valkey) servers for tests. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { type Program, requireProgram } from './program.ts';
import { type Place, type Service, type ServiceKind, startService } from './service.ts';

export const redisProgram: Program = {
  id: 'redis',
  title: 'Redis',
  purpose: 'tokens and delivery between nodes',
  binaries: ['redis-server', 'valkey-server'],
  places: ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'],
  debianPackage: 'redis-server',
  homebrewPackage: 'redis',
};

export interface RedisOptions {
  /** Further settings as on redis-server's command line, such as `['--appendonly', 'yes']`; they win over ours. */
  readonly args?: readonly string[];
}

/** Starts a single server. Without `--appendonly yes` it keeps nothing over a restart. */
export async function startRedis(options: RedisOptions = {}): Promise<Service> {
  return startService(redisKind(requireProgram(redisProgram), options));
}

function redisKind(binary: string, { args = [] }: RedisOptions): ServiceKind {
  return {
    name: 'redis',
    url: ({ port }) => `redis://127.0.0.1:${port}`,
    command: ({ directory, port }) => ({
      file: binary,
      args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...args],
    }),
    isReady: servesData,
    stopSignal: 'SIGTERM',
    quitSignal: 'SIGKILL',
    leftovers: /Address already in use/,
  };
}

/** Whether the server has loaded its data and is the process that we started; one that asks for a password counts. */
async function servesData({ port }: Place, pid: number): Promise<boolean> {
  const info = await askInfo(port);
  if (info.startsWith('-NOAUTH')) return true;
  return info.includes(`\nprocess_id:${pid}\r`) && info.includes('\nloading:0\r');
}

/** The reply to INFO in Redis's own protocol: an error that begins with `-`, or a text of known length. */
async function askInfo(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' }).setEncoding('utf8');
  socket.setTimeout(2000, () => socket.destroy());
  try {
    await once(socket, 'connect');
    socket.write('INFO\r\n');
    let reply = '';
    for await (const chunk of socket) {
      reply += chunk;
      if (isWhole(reply)) break;
    }
    return reply;
  } finally {
    socket.destroy();
  }
}

function isWhole(reply: string): boolean {
  const length = /^\$(\d+)\r\n/.exec(reply);
  return length === null ? reply.endsWith('\r\n') : reply.length >= length[0].length + Number(length[1]);
}
