/** What deploy/ and the Dockerfile describe is what its tools take, and runs. There is no container engine here. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import { parse as parseYaml } from 'yaml';
import { composeProgram, systemdProgram } from '../support/services/deployment-tools.ts';
import { freePort } from '../support/services/free-port.ts';
import { requireProgram } from '../support/services/program.ts';
import { skipReason } from '../support/test-services.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const run = promisify(execFile);

/** Instructions with their words, lines that go on joined. */
const instructions = read('Dockerfile')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.trim().split(/\s+/));
const allOf = (name: string) => instructions.filter(([first]) => first === name).map(([, ...words]) => words);

/** The list of words that an instruction ends with. */
const listIn = (name: string) => JSON.parse(/\[.*\]$/.exec(allOf(name)[0]?.join(' ') ?? '')?.[0] ?? '[]') as string[];

test('the Dockerfile has no fault, and its process is nobody of importance', () => {
  assert.deepEqual(
    validate(read('Dockerfile')).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`),
    [],
  );
  assert.deepEqual(allOf('USER'), [['node']]);
  assert.deepEqual(allOf('VOLUME'), [['/data']]);
  assert.equal(
    instructions.findLastIndex(([name]) => name === 'RUN') < instructions.findIndex(([name]) => name === 'USER'),
    true,
  );
});

test('the Node of the image is one that Tessera runs on', () => {
  const majors = allOf('FROM').map(([image = '']) => /^node:(\d+)-/.exec(image)?.[1]);
  assert.deepEqual(majors, ['24', '24']);
});

test('what the image holds starts, with packages for production alone, and its health check tells', async (t) => {
  const image = await buildTree(t);
  const environment = Object.fromEntries(
    allOf('ENV')
      .flat()
      .map((pair) => pair.split(/=(.*)/) as [string, string]),
  );
  const [program = '', ...args] = listIn('HEALTHCHECK');
  const command = [...listIn('ENTRYPOINT'), ...listIn('CMD')];
  assert.deepEqual(command, ['tessera', 'serve']);
  const env = {
    ...{ PATH: [dirname(process.execPath), process.env.PATH].join(':'), ...environment },
    ...{ TESSERA_DATA_DIR: join(image, 'data'), TESSERA_API_PORT: String(await freePort()), TESSERA_WS_PORT: '0' },
  };
  const isHealthy = async () => {
    const check = spawn(program, args, { env, stdio: 'ignore' });
    const [code] = await once(check, 'exit');
    return code === 0;
  };
  assert.equal(await isHealthy(), false);

  const server = spawn(process.execPath, [join(image, 'bin/tessera.js'), ...command.slice(1)], {
    env,
    cwd: image,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill('SIGKILL'));
  for await (const line of createInterface({ input: server.stdout! })) if (line.includes('"listening"')) break;
  assert.equal(await isHealthy(), true);
  server.stdout?.resume();
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
});

test('docker-compose takes the compose file', { skip: skipReason('compose') }, async () => {
  await run(requireProgram(composeProgram), ['-f', join(root, 'deploy/compose.yaml'), 'config', '--quiet']);
  const { services } = parseYaml(read('deploy/compose.yaml')) as { services: Record<string, Service> };
  const { volumes, ports, read_only } = services.tessera ?? {};
  assert.deepEqual(volumes, ['data:/data']);
  assert.equal(read_only, true);
  // Tokens cross no network without TLS, as long as nobody changes this.
  assert.ok(ports?.every((port) => port.startsWith('127.0.0.1:')));
});

for (const name of ['tessera.service', 'tessera-workers.service']) {
  test(`systemd takes ${name}, and finds little that it leaves open`, { skip: skipReason('systemd') }, async (t) => {
    const directory = await temporaryDirectory(t);
    const unit = join(directory, name);
    const text = read(`deploy/systemd/${name}`);
    // The program has to be there to be checked.
    await writeFile(unit, text.replace('/usr/local/bin/tessera', process.execPath));
    const analyze = requireProgram(systemdProgram);
    const { stdout, stderr } = await run(analyze, ['verify', '--man=no', unit]);
    assert.deepEqual([stdout, stderr], ['', '']);
    // From 0, everything taken away, to 100.
    await run(analyze, ['security', '--offline=true', '--no-pager', '--threshold=20', unit]);
  });
}

test('whoever links bin/tessera.js into the PATH has the program', async (t) => {
  const directory = await temporaryDirectory(t);
  await symlink(join(root, 'bin/tessera.js'), join(directory, 'tessera'));
  const env = { PATH: [directory, dirname(process.execPath), process.env.PATH].join(':') };
  const { stdout } = await run('tessera', ['--version'], { cwd: directory, env });
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

interface Service {
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
}

/** The last stage's files as its COPY lines say, from what .dockerignore lets through. */
async function buildTree(t: TestContext): Promise<string> {
  const image = await temporaryDirectory(t);
  const sent = new Set(
    read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1)),
  );
  const copies = allOf('COPY').filter(([first = '']) => !first.startsWith('--from='));
  for (const words of copies) {
    const target = words.at(-1) ?? '';
    for (const source of words.slice(0, -1)) {
      assert.ok(sent.has(source), `.dockerignore lets ${source} through`);
      const into = target === './' ? join(image, source) : join(image, target);
      await cp(join(root, source), into, { recursive: true });
    }
  }
  await linkPackages(image);
  return image;
}

/** Those that npm installs for production, so that what needs others fails. */
async function linkPackages(image: string): Promise<void> {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
  const needed = Object.entries(packages).filter(
    ([path, { dev }]) => dev !== true && /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path),
  );
  for (const [path] of needed) {
    await mkdir(dirname(join(image, path)), { recursive: true });
    await symlink(join(root, path), join(image, path));
  }
}

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tessera-deploy-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}
