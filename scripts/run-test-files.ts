/**
 * Runs test files in the order in which they are given, where `node --test` sorts them. Started by test.ts.
 *
 * A process for each file would spend more on loading the server's modules than on most tests: files of some folders
 * share one, several of them in turn. What changes the process itself, or takes long, has one of its own.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';

/** Twice as many as cores, since many tests wait for services; those of several nodes are timed, and come one by one. */
const CONCURRENCY = process.env.TESSERA_TEST_NODES === undefined ? 4 : 1;
/** For one test: what hangs is named instead of holding up the run. */
const TIMEOUT_MS = 300_000;
/** For one process: a test that has failed may leave something that keeps it running, which no limit of a test ends. */
const PROCESS_TIMEOUT_MS = 600_000;
/** How many files of a folder share a process: as many as leave enough processes to keep the cores busy to the end. */
const SHARED_BY_FOLDER: readonly (readonly [folder: string, files: number])[] = [
  ['src/', 22],
  ['test/wire/', 12],
  ['test/contract/', 9],
  ['test/docs/', 5],
  ['test/legacy/', 2],
  ['test/cli/', 3],
];
/** Files under a shared folder that take too long for one, or look at what the whole process does. */
const ALONE = [
  'contract/token-store.test',
  'contract/group-changes.test',
  'contract/group-sync.test',
  'contract/releases.test',
  'wire/gateway-hostile.test',
  'connection/frame-gzip.test',
  'wire/slow-reader.test',
  'wire/issue-kill.test',
  'wire/process.test',
  'wire/many-conversations.test',
];
const PRELOADED = ['packed-modules.ts', 'untracked-promises.ts'].map(
  (file) => `--import=${pathToFileURL(join(import.meta.dirname, file)).href}`,
);
/** Collecting what a short test leaves behind costs more than the memory. In MB, in half of which objects are made. */
const ROOMY_NURSERY = ['--min-semi-space-size=16', '--max-semi-space-size=32'];
/** Plain JavaScript, since Node strips no types below node_modules. */
const SHARED_DIRECTORY = join(import.meta.dirname, `../node_modules/.cache/test-processes/${process.pid}`);
/** The test files that a module of ours imports. */
const sharedFiles = new Map<string, readonly string[]>();

/** Ends the tests under way, which would outlive this process. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interruption.abort());

const args = process.argv.slice(2);
const files = processesFor(args.filter((arg) => !arg.startsWith('-')));
const paths = new Set(files.map((file) => resolve(file)));
let hasRun = false;
process.exitCode = 1; // until the summary says better
const tests = run({
  files,
  concurrency: CONCURRENCY,
  timeout: TIMEOUT_MS,
  signal: interruption.signal,
  // Options are theirs: this process would take them for its own tests, which are files.
  execArgv: [...PRELOADED, ...ROOMY_NURSERY, ...args.filter((arg) => arg.startsWith('-'))],
});
const limits = new Map<string, NodeJS.Timeout>();
tests.on('test:dequeue', ({ name }) => {
  if (!paths.has(resolve(name))) return;
  const stop = () => {
    const inside = sharedFiles.get(resolve(name)) ?? [name];
    console.error(
      `After ${PROCESS_TIMEOUT_MS / 60_000} minutes a process of tests still runs:\n  ${inside.join('\n  ')}`,
    );
    interruption.abort();
  };
  limits.set(resolve(name), setTimeout(stop, PROCESS_TIMEOUT_MS).unref());
});
tests.on('test:complete', ({ name }) => clearTimeout(limits.get(resolve(name))));
tests.on('test:pass', ({ name }) => {
  // A file of which no test has run passes like one.
  hasRun ||= !paths.has(resolve(name));
});
tests.on('test:fail', ({ name }) => {
  // Not a test but the process has failed, which took all of its files along.
  const files = sharedFiles.get(resolve(name));
  if (files !== undefined) console.error(`A process of tests ended early. It was to run:\n  ${files.join('\n  ')}`);
});
tests.on('test:summary', ({ file, success }) => {
  if (file !== undefined) return;
  if (success && !hasRun) console.error('No test has run.');
  process.exitCode = success && hasRun ? 0 : 1;
});
process.once('exit', () => rmSync(SHARED_DIRECTORY, { recursive: true, force: true }));
tests.compose(spec).pipe(process.stdout);

/**
 * The modules to start a process each with: test files, or modules that import several. Each stands where its first file
 * does: the last ones of a folder, of which a process is left with fewer, would be begun behind all that is short.
 */
function processesFor(files: readonly string[]): string[] {
  mkdirSync(SHARED_DIRECTORY, { recursive: true });
  const processes: string[][] = [];
  const open = new Map<string, string[]>();
  for (const file of files) {
    const [folder, size] = SHARED_BY_FOLDER.find(([name]) => file.startsWith(name)) ?? ['', 1];
    const isAlone = size === 1 || ALONE.some((part) => file.includes(part));
    const joined = isAlone ? undefined : open.get(folder);
    const shared = joined ?? [];
    if (joined === undefined) processes.push(shared);
    shared.push(file);
    if (isAlone) continue;
    if (shared.length === size) open.delete(folder);
    else open.set(folder, shared);
  }
  return processes.map((shared, index) => (shared.length > 1 ? sharedModule(index, shared) : (shared[0] ?? '')));
}

function sharedModule(index: number, files: readonly string[]): string {
  const path = join(SHARED_DIRECTORY, `${dirname(files[0] ?? '').replaceAll('/', '-')}-${index}.test.mjs`);
  writeFileSync(path, files.map((file) => `import '${pathToFileURL(file).href}';\n`).join(''));
  sharedFiles.set(path, files);
  return path;
}
