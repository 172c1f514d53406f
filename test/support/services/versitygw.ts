/** A private S3 server for tests: Versity's gateway on a directory, which checks signatures strictly. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { goInstall } from './go-tool.ts';
import { cached } from './kubernetes-tools.ts';
import { type Program, requireProgram } from './program.ts';
import { type Service, startService } from './service.ts';

const module = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const directory = cached('versitygw-1.8.0');

export const versitygwProgram: Program = {
  id: 'versitygw',
  title: 'Versity S3 Gateway',
  purpose: 'files in an S3-compatible store',
  binaries: ['versitygw'],
  places: [directory, '/usr/local/bin', '/opt/homebrew/bin'],
  homebrewPackage: 'versitygw',
  install: goInstall('Versity S3 Gateway', module, directory),
};

export const s3Keys = { accessKeyID: 'test-access-key', secretAccessKey: 'a-secret-key-of-tests' } as const;

/** Of a server whose files are to be there. */
export function s3Settings(endpoint: string): Readonly<Record<string, string>> {
  return {
    TESSERA_S3_ENDPOINT: endpoint,
    TESSERA_S3_ACCESS_KEY_ID: s3Keys.accessKeyID,
    TESSERA_S3_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
  };
}

export function startVersitygw(): Promise<Service> {
  const file = requireProgram(versitygwProgram);
  return startService({
    name: 'versitygw',
    prepare: async (place) => {
      await mkdir(join(place.directory, 'data'));
    },
    command: (place) => ({
      file,
      args: [
        ...['--access', s3Keys.accessKeyID, '--secret', s3Keys.secretAccessKey, '--port', `127.0.0.1:${place.port}`],
        ...['--health', '/health', '--keep-alive', '--quiet', 'posix', join(place.directory, 'data')],
      ],
    }),
    url: ({ port }) => `http://127.0.0.1:${port}`,
    isReady: async ({ port }) => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
    stopSignal: 'SIGTERM',
    quitSignal: 'SIGKILL',
    leftovers: /address already in use/,
  });
}
