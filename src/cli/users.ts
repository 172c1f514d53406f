/** `tessera users import`: registers the users of a file, OpenIM's above all. See docs/migrating-from-openim.md. */
import { createReadStream, fstatSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { StartError } from '../kernel/start-error.ts';
import type { User } from '../users/user.ts';
import { type Action, commandWithActions, configFromArgs, UsageError } from './command.ts';
import { openAlone } from './import-database.ts';
import { ImportProgress } from './import-progress.ts';
import { interruptedCode, watchInterrupts } from './interruption.ts';
import { print } from './print.ts';
import { openRegisteredUsers } from './registered-users.ts';
import { dropUsersCheckpoint, loadUsersCheckpoint, saveUsersCheckpoint } from './users-import/checkpoint.ts';
import { emptyUsersReport, importUsers, type UsersReport } from './users-import/import-users.ts';
import { readRecords } from './users-import/read-records.ts';

export const users = commandWithActions({
  name: 'users',
  summary: 'register the users of a file, such as those of OpenIM (users import)',
  help: () => importAction.help,
  actions: () => [importAction],
});

const importAction: Action = {
  name: 'import',
  help: `Usage: tessera users import --file PATH|- [--dry-run] [--resume] [--json] [flags]

Registers every user of a file that is not registered yet, and leaves the others as they are. One whose texts are beyond
the limits of this configuration (docs/limits.md) is refused. The file is what
\`mongoexport --collection=user\` makes of OpenIM's database, or JSON lines or a CSV with the names userID, nickname,
faceURL, ex, createTime (Unix ms or ISO 8601), appMangerLevel and globalRecvMsgOpt, of which only userID must be there.

It writes into the database itself: with the embedded one the server has to be stopped, beside PostgreSQL it may run.
May be interrupted (Ctrl-C), resumed, and run again.

  --file      the file; - is standard input
  --dry-run   changes nothing, and says what an import would do. May run beside the server
  --resume    goes on where an import of the same file was interrupted
  --json      for programs: the report as one JSON object
  and every flag of \`tessera serve\`, above all --data-dir or --database-url: those of the server

Progress goes to standard error. The exit code is 0 if every user of the file is registered now, or would be, 130 after
an interruption, and otherwise 1.
`,
  run: async (args) => {
    const { config, values } = configFromArgs(args, {
      file: { type: 'string' },
      'dry-run': { type: 'boolean' },
      resume: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const request = {
      path: pathOf(values.file),
      isDryRun: values['dry-run'] === true,
      isResumed: values.resume === true,
    };
    if (request.isDryRun && request.isResumed) throw new UsageError('--dry-run leaves nothing to resume');
    if (request.path === '-' && request.isResumed) throw new UsageError('standard input cannot be resumed');
    const result = await run(config, request);
    await print(values.json === true ? JSON.stringify(result, null, 2) : format(result));
    if (!result.isComplete) return interruptedCode;
    return result.refused > 0 ? 1 : 0;
  },
};

interface ImportRequest {
  readonly path: string;
  readonly isDryRun: boolean;
  readonly isResumed: boolean;
}

interface UsersResult extends UsersReport {
  readonly isDryRun: boolean;
  readonly isComplete: boolean;
  readonly seconds: number;
}

async function run(config: Config, { path, isDryRun, isResumed }: ImportRequest): Promise<UsersResult> {
  process.umask(0o077);
  const source = openSource(path);
  await using target = isDryRun ? await openDryRun(config) : await openTarget(config);
  const report = (isResumed ? loadUsersCheckpoint(config.dataDir, source.identity) : undefined) ?? emptyUsersReport();
  if (isResumed && report.records === 0) process.stderr.write('nothing to resume: beginning from the start\n');
  const count = () => report.records;
  const progress = new ImportProgress({ count, noun: 'users', output: process.stderr, now: () => performance.now() });
  using interruption = watchInterrupts();
  const save = () => {
    if (!isDryRun && path !== '-') saveUsersCheckpoint(config.dataDir, { file: source.identity, report });
  };
  try {
    const isComplete = await importUsers(readRecords(source.stream), {
      ...{ add: target.add, report, limits: config, now: Date.now(), signal: interruption.signal },
      onPortion: async (bytesRead) => {
        progress.show(source.size === 0 ? 0 : bytesRead / source.size);
        save();
      },
    });
    progress.end();
    if (isComplete && !isDryRun) dropUsersCheckpoint(config.dataDir);
    return { isDryRun, isComplete, seconds: progress.seconds, ...report };
  } catch (error) {
    progress.end();
    const remedy = isDryRun ? '' : '. What was done stays done; --resume goes on from there';
    throw new StartError(`the import ended early: ${error instanceof Error ? error.message : error}${remedy}`);
  } finally {
    source.stream.destroy();
  }
}

/** @throws StartError if there is no such file */
function openSource(path: string) {
  try {
    const fd = path === '-' ? 0 : openSync(path, 'r');
    const { size, mtimeMs, ino } = fstatSync(fd);
    return { stream: createReadStream('', { fd }), size, identity: [resolve(path), ino, size, mtimeMs].join(':') };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error;
    throw new StartError(`--file: ${path} cannot be read (${reason})`);
  }
}

interface Target extends AsyncDisposable {
  add(users: readonly User[]): Promise<ReadonlySet<string>>;
}

async function openTarget(config: Config): Promise<Target> {
  await using opened = new AsyncDisposableStack();
  const { SqlUserStore } = await import('../store/sql-user-store.ts');
  // On PostgreSQL a server may run meanwhile: rows are added, and only where an ID is free.
  const db = opened.use(await openAlone(config, opened));
  const store = new SqlUserStore(db);
  const owned = opened.move();
  return {
    add: (batch) => db.transaction((tx) => store.add(tx, batch)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openDryRun(config: Config): Promise<Target> {
  const registered = await openRegisteredUsers(config);
  const added = new Set<string>();
  return {
    add: async (batch) => {
      const known = await registered.among(batch.map(({ userID }) => userID));
      const fresh = batch.map(({ userID }) => userID).filter((userID) => !known.has(userID) && !added.has(userID));
      for (const userID of fresh) added.add(userID);
      return new Set(fresh);
    },
    [Symbol.asyncDispose]: () => registered[Symbol.asyncDispose](),
  };
}

/** @throws UsageError if it is missing */
function pathOf(file: unknown): string {
  if (typeof file !== 'string' || file === '')
    throw new UsageError('--file is missing: a path, or - for standard input');
  return file;
}

function format({ records, added, known, refused, faults, isDryRun, isComplete, seconds }: UsersResult): string {
  const line = (count: number, text: string) =>
    count === 0 ? [] : [`${count.toLocaleString('en').padStart(12)}  ${text}`];
  const total = `${records.toLocaleString('en')} users in ${seconds.toFixed(1)} s`;
  return [
    isDryRun ? `${total}. Nothing was changed; an import would find:` : `${total}:`,
    ...line(added, 'registered'),
    ...line(known, 'known already: left as they are'),
    ...line(refused, 'refused:'),
    ...faults.map((fault) => `${' '.repeat(14)}${fault}`),
    ...(isComplete ? [] : ['', 'Interrupted. tessera users import --resume goes on from here.']),
  ].join('\n');
}
