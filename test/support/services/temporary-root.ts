/** Where tests and their services keep files. */
import { constants } from 'node:fs';
import { access, chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from './guard.ts';

const MEMORY_ROOT = '/dev/shm';
const MEMORY_ROOT_LEAST_BYTES = 1024 ** 3;

/**
 * A file system in memory where there is a roomy one: creating a PostgreSQL database there takes 50 ms instead of a
 * second, and a crash of processes, unlike one of the machine, loses nothing either way. TMPDIR overrules it.
 */
export async function temporaryRoot(): Promise<string> {
  if (process.env.TMPDIR !== undefined) return process.env.TMPDIR;
  try {
    const { bavail, bsize } = await statfs(MEMORY_ROOT);
    await access(MEMORY_ROOT, constants.W_OK);
    return bavail * bsize >= MEMORY_ROOT_LEAST_BYTES ? MEMORY_ROOT : tmpdir();
  } catch {
    return tmpdir(); // not Linux
  }
}

/**
 * A directory there for a whole run, which goes with it, and with what tests left behind. Each of their databases writes
 * through to the disk a hundred times; in memory nothing waits for that.
 */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(await temporaryRoot(), 'tessera-tests-'));
  const guard = startGuard(path, 'KILL');
  await chmod(path, 0o755); // services run as other users
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 10 });
      guard.dismiss();
    },
  };
}
