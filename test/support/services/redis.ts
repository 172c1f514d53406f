/** Private Redis (or Valkey) servers for tests. */
import { type Program, requireProgram } from './program.ts';
import { redisInfo } from './redis-command.ts';
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
  try {
    const { process_id, loading } = await redisInfo(port);
    return process_id === String(pid) && loading === '0';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOAUTH')) return true;
    throw error;
  }
}
