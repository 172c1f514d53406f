/** `npm test`: sets up real services, runs the tests on them with node:test, and takes the services down again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { migratePostgres, migrateSqlite } from '../test/support/migrated-databases.ts';
import { wantedPrograms } from '../test/support/services/catalogue.ts';
import { nginxProgram } from '../test/support/services/deployment-tools.ts';
import { faketimeProgram } from '../test/support/services/faketime.ts';
import { postgresProgram, startPostgres } from '../test/support/services/postgres.ts';
import { ensurePrograms } from '../test/support/services/program.ts';
import { redisProgram } from '../test/support/services/redis.ts';
import { temporaryDirectory } from '../test/support/services/temporary-root.ts';
import { runTool } from './tools.ts';

const HELP = `Runs the tests. Usage: npm test -- [options] [filter ...]

  filter        run only test files whose path contains one of these words
  --unit        run only the tests that need no services (src/**/*.test.ts)
  --cluster     run the tests of several nodes that fail one after another, and the stories of both SDKs on three nodes
  --help        show this
  --OPTION=...  any other option goes to the processes of the tests, such as --test-name-pattern=M2

Missing services are installed with apt-get on Debian as root. Environment:
  TESSERA_TEST_SKIP=redis,chromium,...   leave out some of postgres, pgbouncer, redis, chromium, promtool, compose, systemd,
                                         nginx, helm, kubeconform, versitygw
  TESSERA_TEST_POSTGRES_URL=...          use this PostgreSQL instead of a private one
No other TESSERA_ variable reaches them.`;

const UNIT_TESTS = 'src/**/*.test.ts';
const SERVICE_TESTS = 'test/**/*.test.ts';
/** Take minutes, and time what they see: not among the others. */
const CLUSTER_TESTS = 'test/cluster/*.test.ts';
const STORIES = ['test/sdk/js-!(files).test.ts', 'test/sdk/acceptance.test.ts'];
/** The launcher's own: what tests and the servers that they start have in common is stripped and compiled once. */
const COMPILE_CACHE = join(import.meta.dirname, '../node_modules/.cache/compiled');
const RUNNER = join(import.meta.dirname, 'run-test-files.ts');
const PACKER = join(import.meta.dirname, 'pack-modules.ts');

/**
 * In this order, and behind them the others that need services; the short ones that need none are last, so that no core
 * idles at the end. Those of `wire/` keep a core busy, those of services wait for them half of the time: side by side.
 */
const LONG_FILES = [
  'sdk/wasm/',
  'redis/server.test',
  'sdk/js-',
  'sdk/acceptance',
  'wire/group-',
  'contract/token-store.test',
  'redis/failover',
  'wire/msg',
  'sdk/',
  'contract/group-',
  'redis/crash',
  'wire/gateway',
  'redis/',
  'wire/',
  'faults/',
  'defects/',
  'concurrency/',
  'legacy/',
  'cli/',
  'contract/',
];

interface Request {
  readonly files: readonly string[];
  readonly runnerOptions: readonly string[];
  readonly needsServices: boolean;
  readonly isCluster: boolean;
}

process.chdir(join(import.meta.dirname, '..'));
process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 1;
});

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP);
    return 0;
  }
  const request = parse(args);
  await using services = new AsyncDisposableStack();
  const environment = testEnvironment(process.env);
  environment.TMPDIR = services.use(await temporaryDirectory()).path;
  if (request.isCluster) environment.TESSERA_TEST_NODES = '3';
  const packing = packModules();
  if (request.needsServices) Object.assign(environment, await startServices(environment, services, request.isCluster));
  await packing;
  return await runTests(request, environment);
}

function parse(args: readonly string[]): Request {
  const isUnit = args.includes('--unit');
  const filters = args.filter((arg) => !arg.startsWith('-'));
  const isCluster = args.includes('--cluster');
  const all = isCluster ? globSync([CLUSTER_TESTS, ...STORIES]) : isUnit ? globSync(UNIT_TESTS) : ordinaryTests();
  const files = longestFirst(all.filter((file) => filters.length === 0 || filters.some((word) => file.includes(word))));
  if (files.length === 0) throw new Error(`no test file's path contains ${filters.join(' or ') || '.test.ts'}`);
  return {
    files,
    runnerOptions: args.filter((arg) => arg.startsWith('-') && !['--unit', '--cluster'].includes(arg)),
    needsServices: files.some((file) => !file.startsWith('src')),
    isCluster,
  };
}

function ordinaryTests(): string[] {
  return globSync([UNIT_TESTS, SERVICE_TESTS], { exclude: [CLUSTER_TESTS] });
}

function longestFirst(files: readonly string[]): string[] {
  const rank = (file: string) => {
    const place = LONG_FILES.findIndex((part) => file.includes(part));
    if (place >= 0) return place;
    return LONG_FILES.length + (file.startsWith('src') ? 1 : 0);
  };
  return files.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** The caller's environment without settings for Tessera itself, and without the mark of a surrounding test run. */
function testEnvironment(caller: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isForTests = (name: string) => !name.startsWith('TESSERA_') || name.startsWith('TESSERA_TEST_');
  const kept = Object.entries(caller).filter(([name]) => isForTests(name) && name !== 'NODE_TEST_CONTEXT');
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: COMPILE_CACHE };
}

/**
 * Installs what is missing and starts what the suites share: a PostgreSQL, where each makes databases of its own, and
 * databases of this version to copy. Redis and Chromium they start themselves. @returns what the tests need to find it
 */
async function startServices(
  caller: NodeJS.ProcessEnv,
  owner: AsyncDisposableStack,
  isCluster: boolean,
): Promise<NodeJS.ProcessEnv> {
  const programs = isCluster ? [postgresProgram, redisProgram, nginxProgram, faketimeProgram] : wantedPrograms(caller);
  await ensurePrograms(programs, (line) => console.log(`tests: ${line}`));
  const needsPostgres = programs.some(({ id }) => id === 'postgres') && caller.TESSERA_TEST_POSTGRES_URL === undefined;
  const url = needsPostgres ? owner.use(await startPostgres()).url : undefined;
  if (url !== undefined) await migratePostgres(url.replace(/[^/]*$/, 'template1'));
  const sqlite = join(caller.TMPDIR ?? '', 'migrated.db');
  await migrateSqlite(sqlite);
  return {
    TESSERA_TEST_MIGRATED_SQLITE: sqlite,
    ...(url === undefined ? {} : { TESSERA_TEST_POSTGRES_URL: url }),
  };
}

/** What the processes of tests preload (`packed-modules.ts`), as it is now. */
async function packModules(): Promise<void> {
  const { code, stderr } = await runTool('node', [PACKER], import.meta.dirname);
  if (code !== 0) throw new Error(`the modules of the tests could not be packed: ${stderr}`);
}

async function runTests({ files, runnerOptions }: Request, env: NodeJS.ProcessEnv): Promise<number> {
  const runner = spawn(process.execPath, [RUNNER, ...runnerOptions, ...files], { env, stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => runner.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
  const [code, signal] = await once(runner, 'exit');
  return code ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}
