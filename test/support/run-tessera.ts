/**
 * Runs one command of the `tessera` program to its end: in a process of its own, as users do, or in that of the test. One
 * of each command has to be of the first kind, and what looks at the process; to load the program again costs a third of a second of CPU.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { runProgram } from '../../src/cli/program.ts';
import { compileCache, program } from './program.ts';

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
      const options = { cwd, env: { PATH: process.env.PATH ?? '', ...compileCache, ...env }, timeout: limitMs };
      execFile(process.execPath, [...program, ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : killed;
        resolve({ code, stdout, stderr });
      });
    });
  } finally {
    await rm(cwd, { recursive: true });
  }
}

/** The commands under way in this process, of which each has its environment for itself. */
let lastCommand: Promise<unknown> = Promise.resolve();

/** As {@link runTessera} in the process of the test. Not for a server that starts, nor for a command that something is to interrupt. */
export function runTesseraHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  const outcome = lastCommand.then(() => runHere(args, env));
  lastCommand = outcome.catch(() => undefined);
  return outcome;
}

async function runHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  const [stdout, stderr] = [new Output(), new Output()];
  const before = { cwd: process.cwd(), env: process.env, umask: process.umask() };
  const listeners = signals.map((name) => [name, process.listeners(name)] as const);
  const streams = Object.getOwnPropertyDescriptors(process);
  const cwd = await mkdtemp(join(tmpdir(), 'tessera-cli-'));
  try {
    process.chdir(cwd);
    process.env = { PATH: before.env.PATH, ...env };
    Object.defineProperty(process, 'stdout', { ...streams.stdout, get: () => stdout });
    Object.defineProperty(process, 'stderr', { ...streams.stderr, get: () => stderr });
    return { code: await runProgram(args), stdout: stdout.text, stderr: stderr.text };
  } finally {
    for (const [name, kept] of listeners) {
      for (const added of process.listeners(name)) if (!kept.includes(added)) process.off(name, added);
    }
    Object.defineProperties(process, { stdout: streams.stdout, stderr: streams.stderr });
    process.env = before.env;
    process.umask(before.umask);
    process.chdir(before.cwd);
    await rm(cwd, { recursive: true });
  }
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** A pipe, and no terminal. */
class Output extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
