/**
 * The oldest program that may serve beside today's, out of the history of this checkout. Which one that is, is written down
 * where the schema names it, and nowhere else: it is that of the commit which has brought the migration of that number.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { oldestKnown } from '../../../src/database/migrate.ts';
import { temporaryDirectory } from '../services/temporary-root.ts';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../../..');

export interface OldestProgram extends AsyncDisposable {
  /** Arguments of Node. */
  readonly program: readonly string[];
  readonly commit: string;
}

/** @throws if the history does not have it, or today's packages lack one that it needs: it says which, and what to do */
export async function oldestProgram(): Promise<OldestProgram> {
  const commit = await oldestCommit();
  await using owned = new AsyncDisposableStack();
  const { path } = owned.use(await temporaryDirectory());
  const archive = join(path, 'program.tar');
  await run('git', ['archive', '--output', archive, commit, 'bin', 'src', 'package.json'], { cwd: checkout });
  await run('tar', ['-xf', archive, '-C', path]);
  await linkPackages(path, commit);
  const moved = owned.move();
  return { program: [join(path, 'bin/tessera.js')], commit, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function oldestCommit(): Promise<string> {
  const migration = String(oldestKnown).padStart(3, '0');
  const wanted = `the program that has brought migration ${migration}, the oldest that may serve beside today's,`;
  const { stdout } = await run(
    'git',
    ['log', '-1', '--diff-filter=A', '--format=%H %P', '--', `src/database/migrations/${migration}-*`],
    { cwd: checkout },
  ).catch((error: Error) => {
    throw new Error(`${wanted} is taken from git: run this in a clone of the repository`, { cause: error });
  });
  const [commit = '', parent] = stdout.trim().split(' ');
  if (commit === '') throw new Error(`${wanted} is in no commit: commit it first, or fetch the history that has it`);
  // Where a shallow clone ends, all there is seems to be new.
  if (parent === undefined) throw new Error(`${wanted} lies before where this history begins: git fetch --unshallow`);
  return commit;
}

/** One by one, so that what it compiles is kept in its own directory, and goes with it. */
async function linkPackages(path: string, commit: string): Promise<void> {
  const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(
    await readFile(join(path, 'package.json'), 'utf8'),
  );
  const names = Object.keys(dependencies);
  const packages = join(checkout, 'node_modules');
  const missing = names.filter((name) => !existsSync(join(packages, name)));
  if (missing.length > 0) {
    throw new Error(
      `the program of ${commit} needs ${missing.join(', ')}, which package.json does not have any more: ` +
        'add it to devDependencies for as long as that program may serve beside this one',
    );
  }
  for (const name of names) {
    const link = join(path, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(packages, name), link);
  }
}
