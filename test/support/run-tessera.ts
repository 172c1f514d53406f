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

/** The code of a command that had to be stopped, such as a server that should have refused to start. */
const killed = -1;
const limitMs = 120_000;

/**
 * In an empty working directory, so that no configuration file is found.
 * @param env TESSERA_* settings; none of the caller's own are passed on
 */
export async function runTessera(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  const cwd = await mkdtemp(join(tmpdir(), 'tessera-cli-'));
  try {
    return await new Promise((resolve) => {
      const options = { cwd, env: { PATH: process.env.PATH ?? '', ...env }, timeout: limitMs };
      execFile(process.execPath, [launcher, ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : killed;
        resolve({ code, stdout, stderr });
      });
    });
  } finally {
    await rm(cwd, { recursive: true });
  }
}
