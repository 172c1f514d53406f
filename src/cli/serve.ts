/** `tessera serve`: start, wait for a signal, stop. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { optionHelp, secretsAdvice } from '../config/describe.ts';
import { workersOf } from '../config/node-settings.ts';
import { type Command, configFromArgs } from './command.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'run the server (npm start does this)',
  help: () => `Usage: tessera serve [flags]

Runs the server until SIGTERM or SIGINT, then drains: no new work, work in flight finished, sockets closed. SIGHUP has
the signing keys read again.

Flags (each also a TESSERA_* variable and a key of tessera.config.json; see docs/configuration.md).
${secretsAdvice().join('\n')}

  --config  (string)
      Configuration file to read instead of tessera.config.json.
${optionHelp()}
`,
  run: async (args) => {
    const { config } = configFromArgs(args);
    const count = workersOf(config);
    const workers = count > 1 ? await import('./workers.ts') : undefined;
    const isServing = workers === undefined || workers.isWorker();
    const code = isServing ? await serveUntilStopped(config, workers) : await serveWithWorkers(config, count);
    await leaveOutput();
    workers?.leave();
    return code;
  },
};

/** For a supervisor that starts again what has failed: EX_TEMPFAIL. */
const restartExitCode = 75;

/** What one process makes for all of them is there before they start. */
async function serveWithWorkers(config: Config, count: number): Promise<number> {
  process.umask(0o077);
  const { runWorkers } = await import('./workers.ts');
  const { makeDataDir } = await import('../database/data-dir-lock.ts');
  const { loadSecrets } = await import('../config/secrets.ts');
  makeDataDir(config.dataDir);
  loadSecrets(config);
  const log = (line: object) => process.stdout.write(`${JSON.stringify({ time: Date.now(), ...line })}\n`);
  return runWorkers({ count, stop: stopSignal(), log });
}

type Workers = typeof import('./workers.ts');

/** @param workers if this is one of several  @returns the exit code */
async function serveUntilStopped(config: Config, workers: Workers | undefined): Promise<number> {
  // Messages and the secret are nobody else's on this machine, whatever the data directory's own mode.
  process.umask(0o077);
  const stop = workers === undefined ? stopSignal() : stopOfWorker();
  // Here and not above: the other commands answer without loading the server.
  const { createApp } = await import('../app/app.ts');
  await using app = await createApp(config);
  // A promise that nobody waited for is a mistake of ours, but no reason to end everybody's connections (O1).
  process.on('unhandledRejection', (error) => app.logger.error({ err: error }, 'a failure was not handled'));
  process.on('SIGHUP', () => app.reloadSigningKeys());
  workers?.onReload(() => app.reloadSigningKeys());
  await app.start();
  const reason = await Promise.race([stop, app.restartOrdered.then(() => 'restart' as const)]);
  app.logger.info({ signal: reason }, 'stopping');
  return reason === 'restart' ? restartExitCode : 0;
}

/** Log lines that nobody reads would keep the process for ever: they get a moment, then it ends without them. */
async function leaveOutput(): Promise<void> {
  const streams = [process.stdout, process.stderr];
  const flushed = streams.map((stream) => new Promise((resolve) => stream.write('', resolve)));
  await Promise.race([Promise.all(flushed), delay(flushLimitMs, undefined, { ref: false })]);
  if (streams.some(({ writableLength }) => writableLength > 0)) process.exit(0);
}

const flushLimitMs = 1000;

/** Resolves with the first signal that asks to stop. A second one ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(1);
        isStopping = true;
        resolve(signal);
      });
    }
  });
}

/** A terminal's Ctrl-C, and a service manager's signal, reach all processes, and the first one passes them on. */
function stopOfWorker(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', () => {});
  });
}
