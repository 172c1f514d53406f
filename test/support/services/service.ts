/** A private server process for tests: started in a directory of its own, and gone with it when the test ends. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type Guard, startGuard } from './guard.ts';
import { type Command, endInOrder, kill, quit, type Running, spawnLogged } from './running-process.ts';
import { temporaryRoot } from './temporary-root.ts';

const READY_LIMIT_MS = 60_000;
const RETRY_MS = 10;

/** A running service; disposing it stops it. */
export interface Service extends AsyncDisposable {
  /** Where clients connect. Stays the same over a restart. */
  readonly url: string;
  readonly port: number;
  /** Process ID of the main process. Throws while the service is not running. */
  readonly pid: number;
  /** Ends it and removes its data. Safe to call twice and after `kill`. */
  stop(): Promise<void>;
  /** Ends all of its processes with SIGKILL, as a crash would; the data stays for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after ending it in an orderly way if it still runs. */
  restart(): Promise<void>;
}

/** Where one instance lives. */
export interface Place {
  /** Absolute path, removed with everything in it when the service stops. */
  readonly directory: string;
  readonly port: number;
}

/** How a kind of service is run. */
export interface ServiceKind {
  readonly name: string;
  /** Runs once, before the first start. */
  prepare?(place: Place): Promise<void>;
  command(place: Place): Command;
  url(place: Place): string;
  /** One attempt to use it, true when it answered and is the process `pid`. May reject: that is a no. */
  isReady(place: Place, pid: number): Promise<boolean>;
  /** Orderly end. */
  readonly stopSignal: NodeJS.Signals;
  /** Immediate end, when the data is to be removed anyway, that frees what the system does not free by itself. */
  readonly quitSignal: NodeJS.Signals;
  /** Output of a start that failed only because the killed predecessor is not quite gone. */
  readonly leftovers: RegExp;
}

/** Starts an instance and waits until it answers. Throws with the end of its output when it does not. */
export async function startService(kind: ServiceKind): Promise<Service> {
  const directory = await mkdtemp(join(await temporaryRoot(), `tessera-${kind.name}-`));
  const guard = startGuard(directory, kind.quitSignal);
  const cleanUp = async () => {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    guard.dismiss();
  };
  try {
    const place = { directory, port: await freePort() };
    await kind.prepare?.(place);
    return handle(kind, place, guard, await launch(kind, place, guard), cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

function handle(kind: ServiceKind, place: Place, guard: Guard, first: Running, cleanUp: () => Promise<void>): Service {
  let running: Running | undefined = first;
  const endWith = async (end: (process: Running) => Promise<void>) => {
    if (running !== undefined) await end(running);
    running = undefined;
    guard.watch(undefined);
  };
  const service: Service = {
    url: kind.url(place),
    port: place.port,
    get pid() {
      if (running === undefined) throw new Error(`${kind.name} is not running`);
      return running.pid;
    },
    kill: () => endWith(kill),
    async restart() {
      await endWith((process) => endInOrder(process, kind.stopSignal));
      running = await launch(kind, place, guard);
    },
    async stop() {
      await endWith((process) => quit(process, kind.quitSignal));
      await cleanUp();
    },
    [Symbol.asyncDispose]: () => service.stop(),
  };
  return service;
}

async function launch(kind: ServiceKind, place: Place, guard: Guard): Promise<Running> {
  const deadlineAt = Date.now() + READY_LIMIT_MS;
  const log = join(place.directory, 'output.log');
  for (;;) {
    const running = spawnLogged(kind.command(place), place.directory, log);
    guard.watch(running.pid);
    if (await becomesReady(kind, place, running, deadlineAt)) {
      running.child.unref(); // a test that forgot to stop it must not hang; the guard ends it
      return running;
    }
    const isOutOfTime = !running.hasEnded();
    await kill(running);
    guard.watch(undefined);
    const output = readFileSync(log, 'utf8').slice(-3000);
    if (isOutOfTime || Date.now() > deadlineAt || !kind.leftovers.test(output)) {
      const reason = isOutOfTime ? `did not answer within ${READY_LIMIT_MS} ms` : 'ended while starting';
      throw new Error(`${kind.name} ${reason}; the end of its output:\n${output}`);
    }
    await delay(RETRY_MS);
  }
}

async function becomesReady(kind: ServiceKind, place: Place, running: Running, deadlineAt: number): Promise<boolean> {
  while (!running.hasEnded() && Date.now() < deadlineAt) {
    if (await kind.isReady(place, running.pid).catch(() => false)) return true;
    await delay(RETRY_MS);
  }
  return false;
}
