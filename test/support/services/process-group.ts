/** Ends a service with all of its processes, and knows when they are gone. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;
const GONE_LIMIT_MS = 5_000;

/** Sends the signal to every process of the group that `leader` leads. It is no error when none is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  signalIfAlive(-leader, signal);
}

/** Kills the group and the leader's children, which in PostgreSQL's case lead groups of their own. */
export function killTree(leader: number): void {
  for (const pid of [-leader, ...childrenOf(leader)]) signalIfAlive(pid, 'SIGKILL');
}

/** Resolves when no process of the group runs any more (so that none writes to a directory being removed). */
export async function groupGone(leader: number): Promise<void> {
  const deadlineAt = Date.now() + GONE_LIMIT_MS;
  while (hasLiveMember(leader) && Date.now() < deadlineAt) await delay(POLL_MS);
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return []; // not Linux: the children notice the death of their parent a little later
  }
}

function hasLiveMember(leader: number): boolean {
  if (!signalIfAlive(-leader, 0)) return false;
  const pids = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return pids.some((pid) => isLiveMember(pid, leader));
}

/** A dead process whose parent does not collect it, as a container's first process may not, stays in state Z. */
function isLiveMember(pid: string, leader: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(group) === leader;
  } catch {
    return false; // it has ended since the listing
  }
}

function signalIfAlive(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
