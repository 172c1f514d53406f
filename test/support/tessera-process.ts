/** A real server in a process of its own, as `npm start` runs it, which tests may stop, kill and start again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { copyMigratedSqlite } from './migrated-databases.ts';
import { compileCache, program as today } from './program.ts';
import { freePort } from './services/free-port.ts';

export const adminSecret = 'a-secret-only-for-tests';

/** To derive the key from the secret costs every start 0.2 s of CPU; done where a test names a secret of its own. */
const signingKey = 'a signing key only for tests of processes';

export interface TesseraOptions {
  /** TESSERA_* settings beside the defaults for tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of another version: arguments of Node, as `program.ts` has them. */
  readonly program?: readonly string[];
}

export class TesseraProcess {
  readonly dataDir: string;
  /** What the next start runs. */
  program: readonly string[];
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #ports = { apiPort: 0, wsPort: 0 };
  #running = Promise.withResolvers<void>();
  /** Everything the server logged, one JSON line each. */
  readonly logLines: string[] = [];

  private constructor(dataDir: string, env: Readonly<Record<string, string>>, program: readonly string[]) {
    this.dataDir = dataDir;
    this.program = program;
    this.#env = { ...env };
  }

  /** Starts on free ports and a data directory of its own; both stay the same over restarts. */
  static async start({ env = {}, program = today }: TesseraOptions = {}): Promise<TesseraProcess> {
    const server = new TesseraProcess(await mkdtemp(join(tmpdir(), 'tessera-test-')), env, program);
    // One that the system chooses may be another's, for a connection it makes, while this one is restarted.
    server.#ports = { apiPort: await freePort(), wsPort: await freePort() };
    if (env.TESSERA_DATABASE_URL === undefined) await copyMigratedSqlite(join(server.dataDir, 'data', 'tessera.db'));
    await server.start();
    return server;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#ports.apiPort}`;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.#ports.wsPort}`;
  }

  get wsPort(): number {
    return this.#ports.wsPort;
  }

  /** Resolves at once while the server listens, and otherwise when it does again. */
  get running(): Promise<void> {
    return this.#running.promise;
  }

  /** False before it was started, after it was ended, and if it has ended by itself. */
  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when both ports listen. @throws if the process ends before. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [...this.program, 'serve'], {
      cwd: this.dataDir,
      env: {
        PATH: process.env.PATH ?? '',
        // Of another program nothing is kept: its directory goes with its test.
        ...(this.program === today ? compileCache : {}),
        TESSERA_DATA_DIR: join(this.dataDir, 'data'),
        TESSERA_SECRET: adminSecret,
        ...('TESSERA_SECRET' in this.#env ? {} : { TESSERA_SIGNING_KEYS: signingKey }),
        TESSERA_LOG_FORMAT: 'json',
        TESSERA_API_PORT: String(this.#ports.apiPort),
        TESSERA_WS_PORT: String(this.#ports.wsPort),
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#ports = await this.#listening(child);
    this.#running.resolve();
  }

  /** SIGKILL: no chance to finish anything. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: drains. @returns the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** Resolves with the exit code when the process ends by itself. */
  async exited(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const [code] = await once(child, 'exit');
    return code;
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    this.#running = Promise.withResolvers();
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    return code;
  }

  #listening(child: ChildProcess): Promise<{ apiPort: number; wsPort: number }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ apiPort: number; wsPort: number }>();
    let errorText = '';
    child.stderr?.on('data', (chunk) => {
      errorText += String(chunk);
    });
    child.once('exit', (code) => reject(new Error(`tessera ended with ${code} before it listened: ${errorText}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.logLines.push(line);
      const entry = parse(line);
      if (entry?.msg === 'listening') resolve({ apiPort: Number(entry.apiPort), wsPort: Number(entry.wsPort) });
    });
    return promise;
  }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
