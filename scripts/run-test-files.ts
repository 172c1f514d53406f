/** Runs test files in the order in which they are given, where `node --test` sorts them. Started by test.ts. */
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** One more than cores, since many tests wait for services. */
const CONCURRENCY = 3;
/** For one test: what hangs is named instead of holding up the run. */
const TIMEOUT_MS = 300_000;

/** Ends the tests under way, which would outlive this process. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interruption.abort());

process.exitCode = 1; // until the summary says better
const tests = run({
  files: process.argv.slice(2),
  concurrency: CONCURRENCY,
  timeout: TIMEOUT_MS,
  signal: interruption.signal,
});
tests.on('test:summary', ({ file, success }) => {
  if (file === undefined) process.exitCode = success ? 0 : 1;
});
tests.compose(spec).pipe(process.stdout);
