/** nginx in front of nodes, with the settings that deploy/compose has for it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nginxProgram } from './deployment-tools.ts';
import { freePort } from './free-port.ts';
import { requireProgram } from './program.ts';
import { type Service, type ServiceKind, startService } from './service.ts';

const settingsUrl = new URL('../../../deploy/compose/nginx.conf', import.meta.url);

export interface NodePorts {
  /** Sockets go to it, too. */
  readonly apiPort: number;
}

/** `url` is that of the API; sockets have a port of their own. */
export type Nginx = Service & { readonly gatewayPort: number };

export async function startNginx(nodes: readonly NodePorts[]): Promise<Nginx> {
  const gatewayPort = await freePort();
  return Object.assign(await startService(nginxKind(nodes, gatewayPort)), { gatewayPort });
}

function nginxKind(nodes: readonly NodePorts[], gatewayPort: number): ServiceKind {
  const settingsPath = (directory: string) => join(directory, 'nginx.conf');
  const url = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;
  return {
    name: 'nginx',
    url,
    async prepare({ directory, port }) {
      const settings = settingsFor(await readFile(settingsUrl, 'utf8'), nodes)
        .replace('listen 10001', `listen 127.0.0.1:${gatewayPort}`)
        .replace('listen 10002', `listen 127.0.0.1:${port}`)
        .replace('/tmp/nginx.pid', join(directory, 'nginx.pid'))
        .replace('worker_processes auto', 'worker_processes 1')
        .replace(/^worker_rlimit_nofile.*$/m, '')
        .replace('worker_connections 65536', 'worker_connections 4096')
        .replace('access_log /dev/stdout plain', 'access_log off');
      await writeFile(settingsPath(directory), settings);
    },
    command: ({ directory }) => ({
      file: requireProgram(nginxProgram),
      args: ['-c', settingsPath(directory), '-p', directory, '-g', 'daemon off;'],
    }),
    // Closed to the world by the settings themselves: it is nginx that answers.
    isReady: async (place) => (await fetch(`${url(place)}/healthz`)).status === 404,
    stopSignal: 'SIGQUIT',
    quitSignal: 'SIGTERM',
    leftovers: /Address already in use/,
  };
}

/** A line for each of these nodes in place of each line for the two of the file. */
function settingsFor(text: string, nodes: readonly NodePorts[]): string {
  return text
    .replaceAll(/^.*server node-2:.*\n/gm, '')
    .replaceAll(/^(.*)node-1:10002(.*)$/gm, (_line, before: string, after: string) =>
      nodes.map(({ apiPort }) => `${before}127.0.0.1:${apiPort}${after}`).join('\n'),
    );
}
