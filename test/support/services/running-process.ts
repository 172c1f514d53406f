/** A service's main process: spawned with its output in a file, ended in one of three ways. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { groupGone, killTree, signalGroup } from './process-group.ts';

const STOP_LIMIT_MS = 10_000;

/** A program to run, as `spawn` takes it. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  hasEnded(): boolean;
}

/**
 * Starts the command in a process group of its own, so that Ctrl-C is ours to handle and a kill reaches all of it. Its
 * output goes to a file: a pipe would keep this process alive, and break under the service when this process dies.
 */
export function spawnLogged(command: Command, directory: string, log: string): Running {
  const output = openSync(log, 'w');
  const { file, args, ...user } = command;
  const child = spawn(file, args, {
    ...user,
    cwd: directory,
    env: serviceEnvironment(directory),
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  if (child.pid === undefined) throw new Error(`cannot run ${file}`);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { child, pid: child.pid, ended, hasEnded: () => child.exitCode !== null || child.signalCode !== null };
}

/** Environment of every service process: nothing of the caller's settings, and a home that is removed. */
export function serviceEnvironment(directory: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: directory, TMPDIR: directory, LC_ALL: 'C', TZ: 'UTC' };
}

/** Lets the main process end in its own way, but not for ever. */
export async function endInOrder(running: Running, signal: NodeJS.Signals): Promise<void> {
  running.child.ref();
  running.child.kill(signal);
  await endedOrKilled(running);
}

/** Ends all processes without regard for the data. */
export async function quit(running: Running, signal: NodeJS.Signals): Promise<void> {
  running.child.ref();
  signalGroup(running.pid, signal);
  await endedOrKilled(running);
}

async function endedOrKilled(running: Running): Promise<void> {
  const limit = new AbortController();
  const tooLong = delay(STOP_LIMIT_MS, undefined, { signal: limit.signal }).then(
    () => kill(running),
    () => {},
  );
  await Promise.race([running.ended, tooLong]);
  limit.abort();
  await groupGone(running.pid);
}

/** Ends all processes with SIGKILL. */
export async function kill(running: Running): Promise<void> {
  running.child.ref();
  killTree(running.pid);
  await running.ended;
  await groupGone(running.pid);
}
