/** Installs Debian packages for tests, without letting the distribution start services of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Another apt-get may be at work, in another checkout or as the machine's daily job: wait for it this long. */
const LOCK_TIMEOUT_S = 300;

/** Why packages cannot be installed here, or undefined when they can. */
export function aptObstacle(): string | undefined {
  if (!existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get')) return 'this is not a Debian system';
  if (process.getuid?.() !== 0) return 'that takes root';
  return undefined;
}

/**
 * Installs the packages with one `apt-get update` and one `apt-get install`. Throws with the end of apt-get's output
 * when one fails.
 */
export async function installWithApt(packages: readonly string[], say: (line: string) => void): Promise<void> {
  const startedAt = Date.now();
  await aptGet(['update']);
  say(`package lists are up to date after ${seconds(startedAt)}; apt-get install ${packages.join(' ')}`);
  await withoutServiceStart(() => aptGet(['install', '-y', '--no-install-recommends', ...packages]));
  say(`installed after ${seconds(startedAt)}`);
}

/**
 * Debian starts a service as soon as its package is installed, unless the policy script says no (container images
 * bring one). Ours exists for the time of the installation only.
 */
async function withoutServiceStart(install: () => Promise<void>): Promise<void> {
  const isOurs = !existsSync(POLICY_FILE);
  if (isOurs) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  try {
    await install();
  } finally {
    if (isOurs) rmSync(POLICY_FILE);
  }
}

async function aptGet(args: readonly string[]): Promise<void> {
  const options = ['-q', '-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`, '-o', 'Acquire::Retries=3'];
  const child = spawn('apt-get', [...options, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, code] = await Promise.all([allOutput(child), exitCode(child)]);
  if (code !== 0) throw new Error(`apt-get ${args.join(' ')} failed (${code}):\n${output.slice(-2000)}`);
}

async function allOutput(child: ChildProcess): Promise<string> {
  const texts = [child.stdout, child.stderr].map((stream) => (stream === null ? '' : text(stream)));
  return (await Promise.all(texts)).join('');
}

async function exitCode(child: ChildProcess): Promise<unknown> {
  const [code, signal] = await once(child, 'close');
  return code ?? signal;
}

function seconds(sinceAt: number): string {
  return `${((Date.now() - sinceAt) / 1000).toFixed(1)} s`;
}
