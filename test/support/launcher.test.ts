/** bin/tessera.js finds a Node that is new enough, stays out of the way, and says so when there is none. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const LAUNCHER = new URL('../../bin/tessera.js', import.meta.url);

/** Preloaded by the launcher's process alone: makes it believe that it runs on this Node. */
const PRETEND_NODE_20 = `data:text/javascript,Object.defineProperty(process,'version',{value:'v20.1.0'})`;

/** In place of src/main.ts: tells what it was given, and how it can be ended. */
const MAIN = `
const [command, code]: string[] = process.argv.slice(2);
if (command === 'exit') process.exit(Number(code));
if (command === 'wait') {
  process.on('SIGTERM', () => {
    console.log('stopped in order');
    process.exit(7);
  });
  setInterval(() => {}, 1000);
}
if (command === 'crash') process.kill(process.pid, 'SIGKILL');
console.log('running on', process.version);
`;

test('on a new Node the launcher runs Tessera in its own process', async (t) => {
  const tree = await installation(t);
  const result = await outcome(launch(tree, ['hello']));
  assert.deepEqual(result, { code: 0, signal: null, out: `running on ${process.version}\n`, err: '' });
});

test('on an old Node it runs Tessera on the installed one, and ends as that ends', async (t) => {
  const tree = await installation(t);
  await installNode(tree, (path) => symlink(process.execPath, path));

  const greeted = await outcome(launch(tree, ['hello'], PRETEND_NODE_20));
  assert.deepEqual(greeted, { code: 0, signal: null, out: `running on ${process.version}\n`, err: '' });
  assert.equal((await outcome(launch(tree, ['exit', '3'], PRETEND_NODE_20))).code, 3);
  assert.equal((await outcome(launch(tree, ['crash'], PRETEND_NODE_20))).signal, 'SIGKILL');
});

test('on an old Node SIGTERM reaches Tessera, which decides the exit code', async (t) => {
  const tree = await installation(t);
  await installNode(tree, (path) => symlink(process.execPath, path));
  const launcher = launch(tree, ['wait'], PRETEND_NODE_20);
  const ended = outcome(launcher);
  await once(launcher.stdout!, 'readable');

  launcher.kill('SIGTERM');

  assert.equal((await ended).code, 7);
});

test('on an old Node the server notices that its wrapper was killed outright, and stops in order', async (t) => {
  const tree = await installation(t);
  await installNode(tree, (path) => symlink(process.execPath, path));
  const launcher = launch(tree, ['wait'], PRETEND_NODE_20);
  await once(launcher.stdout!, 'readable');

  launcher.kill('SIGKILL');

  // Standard output is the server's too: it ends when the last of both has gone.
  assert.match(await text(launcher.stdout!), /stopped in order\n$/);
});

const incomplete: readonly { name: string; put: (tree: string) => Promise<unknown>; says: RegExp }[] = [
  { name: 'nothing installed', put: async () => {}, says: /Nothing is installed yet: npm ci --include=dev\n$/ },
  {
    name: 'development packages left out',
    put: (tree) => mkdir(join(tree, 'node_modules')),
    says: /left out \(NODE_ENV=production, --omit=dev\): npm ci --include=dev\n$/,
  },
  {
    name: 'install scripts left out',
    put: (tree) => mkdir(join(tree, 'node_modules', 'node'), { recursive: true }),
    says: /--ignore-scripts: npm rebuild node\n$/,
  },
];

for (const { name, put, says } of incomplete) {
  test(`on an old Node with ${name} it says what helps`, async (t) => {
    const tree = await installation(t);
    await put(tree);
    const result = await outcome(launch(tree, ['hello'], PRETEND_NODE_20));
    assert.deepEqual([result.code, result.out], [1, '']);
    assert.match(result.err, /^Tessera needs Node 24 or newer; this is Node 20\.1\.0\.\n/);
    assert.match(result.err, says);
  });
}

test('an installed Node that does not run counts as none', async (t) => {
  const tree = await installation(t);
  await installNode(tree, (path) => writeFile(path, 'placeholder', { mode: 0o755 }));
  const result = await outcome(launch(tree, ['hello'], PRETEND_NODE_20));
  assert.equal(result.code, 1);
  assert.match(result.err, /^Tessera needs Node 24/);
});

test('what Node has compiled is kept inside the installation', async (t) => {
  const tree = await installation(t);
  await mkdir(join(tree, 'node_modules'));
  assert.equal((await outcome(launch(tree, ['hello']))).code, 0);
  const [ofThisNode = ''] = await readdir(join(tree, 'node_modules', '.cache', 'compiled'));
  assert.notDeepEqual(await readdir(join(tree, 'node_modules', '.cache', 'compiled', ofThisNode)), []);
});

test('where it cannot be kept Tessera runs all the same, and says nothing', async (t) => {
  const tree = await installation(t);
  await mkdir(join(tree, 'node_modules'));
  await writeFile(join(tree, 'node_modules', '.cache'), 'a file in the place of the directory');
  const result = await outcome(launch(tree, ['hello']));
  assert.deepEqual(result, { code: 0, signal: null, out: `running on ${process.version}\n`, err: '' });
});

interface Scope {
  after(cleanUp: () => Promise<void>): void;
}

/** A directory with the launcher, a `src/main.ts` to launch, and nothing installed. */
async function installation(t: Scope): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'tessera-launcher-'));
  t.after(() => rm(tree, { recursive: true }));
  await cp(LAUNCHER, join(tree, 'bin', 'tessera.js'));
  await mkdir(join(tree, 'src'));
  await writeFile(join(tree, 'src', 'main.ts'), MAIN);
  await writeFile(join(tree, 'package.json'), '{ "type": "module" }');
  return tree;
}

async function installNode(tree: string, put: (path: string) => Promise<void>): Promise<void> {
  const path = join(tree, 'node_modules', 'node', 'bin', 'node');
  await mkdir(dirname(path), { recursive: true });
  await put(path);
}

function launch(tree: string, args: readonly string[], preload?: string): ChildProcess {
  const options = preload === undefined ? [] : ['--import', preload];
  // The tests' own cache would stand in for the installation's.
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  return spawn(process.execPath, [...options, join(tree, 'bin', 'tessera.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function outcome(child: ChildProcess) {
  const [out, err, [code, signal]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { code, signal, out, err };
}
