/** Cleans up after test services whose test process died without doing so, even by SIGKILL. */
import { spawn } from 'node:child_process';

/**
 * Reads one line per process group that is to be ended, `none` when there is none, and `done` at the orderly end.
 * If the input ends before `done`, the parent has died: ask the group to quit, insist after a second, and
 * remove the directory.
 */
const SCRIPT = `
group=none
while read -r line; do
  [ "$line" = done ] && exit 0
  group=$line
done
if [ "$group" != none ]; then
  kill -s "$2" -- -"$group"
  tries=0
  while kill -s 0 -- -"$group" && [ $tries -lt 20 ]; do tries=$((tries + 1)); sleep 0.05; done
  kill -s KILL -- -"$group"
fi
rm -rf "$1"
`;

/** A watcher outside this process; see {@link startGuard}. */
export interface Guard {
  /** Names the process group that must not outlive this process, or undefined when it has ended. */
  watch(processGroup: number | undefined): void;
  /** The service has been stopped and its directory removed: the guard ends. */
  dismiss(): void;
}

/**
 * Starts a small shell process, in a session of its own so that a terminal's Ctrl-C does not reach it, that waits for
 * this process to die and then ends the watched process group and removes `directory`.
 *
 * @param quitSignal what makes the service end at once but tidily, without `SIG`: `QUIT`, `TERM`, `KILL`
 */
export function startGuard(directory: string, quitSignal: string): Guard {
  const guard = spawn('sh', ['-c', SCRIPT, 'tessera-test-guard', directory, quitSignal], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  guard.stdin.on('error', () => {}); // the guard was ended by hand; nothing is left to tell it
  return {
    watch: (processGroup) => void guard.stdin.write(`${processGroup ?? 'none'}\n`),
    dismiss: () => void guard.stdin.end('done\n'),
  };
}
