/** Runs one command of the `tessera` program to its end. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const launcher = new URL('../../bin/tessera.js', import.meta.url).pathname;

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * In an empty working directory, so that no configuration file is found.
 * @param env TESSERA_* settings; none of the caller's own are passed on
 */
export async function runTessera(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  const cwd = await mkdtemp(join(tmpdir(), 'tessera-cli-'));
  try {
    return await new Promise((resolve) => {
      const options = { cwd, env: { PATH: process.env.PATH ?? '', ...env } };
      execFile(process.execPath, [launcher, ...args], options, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });
  } finally {
    await rm(cwd, { recursive: true });
  }
}
