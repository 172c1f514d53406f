/** Child processes of a benchmark: their answers, their CPU time and their memory (the last two on Linux only). */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Starts a module as a process with a channel to this one. */
export function startChild(module: URL, ...args: string[]): ChildProcess {
  return fork(module, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** The next message of a child; rejects if the child ends or says `{ error }`. */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the child process ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message: T & { error?: string }) => {
      child.off('exit', onExit);
      if (message.error === undefined) resolve(message);
      else reject(new Error(message.error));
    });
  });
}

/** CPU seconds, user and system, that a process has used. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond();
}

/** Resident memory, in bytes. */
export function residentBytesOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kilobytes) * 1024;
}

let ticks = 0;

function ticksPerSecond(): number {
  ticks ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'latin1' }));
  return ticks;
}
