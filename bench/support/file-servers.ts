/** nginx on a directory, as what a file server can do at most: it sends files by `sendfile`, and takes them by PUT. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nginxProgram } from '../../test/support/services/deployment-tools.ts';
import { requireProgram } from '../../test/support/services/program.ts';
import { type Service, startService } from '../../test/support/services/service.ts';

const settings = (directory: string, port: number) => `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path ${directory}/temp;
  server {
    listen 127.0.0.1:${port};
    root ${directory}/files;
    client_max_body_size 0;
    location / { dav_methods PUT; create_full_put_path on; }
  }
}
`;

/** One process, to the memory and processor time of which all of it is counted. */
export function startFileNginx(): Promise<Service> {
  const url = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;
  return startService({
    name: 'nginx',
    url,
    async prepare({ directory, port }) {
      await mkdir(join(directory, 'files'));
      await writeFile(join(directory, 'nginx.conf'), settings(directory, port));
    },
    command: ({ directory }) => ({
      file: requireProgram(nginxProgram),
      args: ['-c', join(directory, 'nginx.conf'), '-p', directory],
    }),
    isReady: async (place) => (await fetch(url(place))).status === 403,
    stopSignal: 'SIGQUIT',
    quitSignal: 'SIGTERM',
    leftovers: /Address already in use/,
  });
}
