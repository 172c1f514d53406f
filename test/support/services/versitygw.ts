/** A private S3 server for tests: Versity's gateway on a directory, which checks signatures strictly. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
  install: { with: `go install ${module} (Go 1.24 or newer)`, run: install },
};

export const s3Keys = { accessKeyID: 'test-access-key', secretAccessKey: 'a-secret-key-of-tests' } as const;

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
        ...['--health', '/health', '--quiet', 'posix', join(place.directory, 'data')],
      ],
    }),
    url: ({ port }) => `http://127.0.0.1:${port}`,
    isReady: async ({ port }) => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
    stopSignal: 'SIGTERM',
    quitSignal: 'SIGKILL',
    leftovers: /address already in use/,
  });
}

async function install(): Promise<void> {
  const env = { ...process.env, GOBIN: directory, CGO_ENABLED: '0' };
  await promisify(execFile)('go', ['install', '-gcflags=all=-N -l', module], { env }).catch((error: unknown) => {
    throw new Error(`Versity S3 Gateway: go install ${module} failed; it takes Go 1.24 or newer\n${error}`);
  });
}
