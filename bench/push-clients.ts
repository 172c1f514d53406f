/**
 * Drives the stand-ins of Getui and JPush with the vendors' own clients, which are Java's, and records what they send and
 * what they make of the answers: test/fixtures/push/vendor-clients.json, which the unit tests of the stand-ins replay. To be
 * run where a stand-in has changed what it answers, and `npm run format` after it. Needs a JDK (17 or newer) and Maven,
 * which gets the clients.
 *
 *   node bench/push-clients.ts
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { GetuiStandIn } from '../test/support/push/getui-stand-in.ts';
import { JpushStandIn } from '../test/support/push/jpush-stand-in.ts';
import {
  blurred,
  type ClientExchange,
  type ClientStep,
  knownAliases,
  vendorClientsFile,
} from '../test/support/push/vendor-clients.ts';
import { readCommandLine } from './support/command-line.ts';

readCommandLine(import.meta.filename, {});

const clients = [
  { group: 'cn.jpush.api', name: 'jpush-client', version: '3.7.7' },
  { group: 'com.getui.push', name: 'restful-sdk', version: '1.0.6.0' },
  // Getui's needs it, and does not say so.
  { group: 'org.springframework', name: 'spring-core', version: '5.3.39' },
];

const directory = await mkdtemp(join(tmpdir(), 'push-clients-'));
await using jpush = await new JpushStandIn().listen();
await using getui = await new GetuiStandIn().listen();
jpush.aliases = knownAliases;
getui.aliases = knownAliases;

let exchanges: ClientExchange[] = [];
const servers = { jpush: await recorderOf(jpush.url), getui: await recorderOf(getui.url) };

try {
  const java = await startClients();
  const answers = createInterface(java.stdout)[Symbol.asyncIterator]();
  const steps: ClientStep[] = [];

  const step = async (service: ClientStep['service'], command: string, options: Partial<ClientStep> = {}) => {
    exchanges = [];
    java.stdin.write(`${service}-${command}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`the clients ended at: ${command}`);
    // The addresses of this run are nobody's business.
    const shown = command.replace(/ ?http:\S+/, '');
    const understood = JSON.parse(blurred(`${value}`));
    steps.push({ service, command: shown, ...options, exchanges, understood });
    console.log(`${service} ${shown}: ${JSON.stringify(understood)}`);
  };

  const { appKey, masterSecret } = jpush;
  await step('jpush', `open ${servers.jpush.url} ${appKey} ${masterSecret}`);
  for (const command of ['send alice', 'send alice bob', 'send nobody', 'validate alice']) await step('jpush', command);
  await step('jpush', `open ${servers.jpush.url} ${appKey} ${'0'.repeat(24)}`);
  await step('jpush', 'send alice');

  const application = `${servers.getui.url}/v2/ ${getui.appID} ${getui.appKey}`;
  await step('getui', `open ${application} ${getui.masterSecret}`);
  const commands = ['single alice', 'single nobody', 'list-message', 'list alice bob', 'list-async alice nobody'];
  for (const command of commands) await step('getui', command);
  getui.tokens.clear();
  await step('getui', 'single bob', { tokensEnded: true });
  await step('getui', `open ${application} a-wrong-secret`);

  java.stdin.end();
  await once(java, 'exit');
  await writeFile(vendorClientsFile, `${JSON.stringify(steps, null, 2)}\n`);
} finally {
  for (const { server } of Object.values(servers)) server.close();
  await rm(directory, { recursive: true });
}

/** Between a client and a stand-in. */
async function recorderOf(url: string) {
  const server = createServer((request, response) => void pass(url, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function pass(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const { method = '', url: path = '' } = request;
  const headers: Record<string, string> = {};
  for (const name of ['authorization', 'token', 'content-type']) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body === '' ? {} : { body }) });
  const answered = await answer.text();
  const shown = JSON.parse(blurred(JSON.stringify(headers)));
  const { status } = answer;
  exchanges.push({ method, path, headers: shown, body: blurred(body), status, answer: JSON.parse(blurred(answered)) });
  const limits = [...answer.headers].filter(([name]) => name.startsWith('x-rate-limit-'));
  response.writeHead(status, { ...Object.fromEntries(limits), 'content-type': 'application/json; charset=UTF-8' });
  response.end(answered);
}

/** Gets them by Maven, and starts the program that runs them. */
async function startClients() {
  const dependencies = clients.map(
    ({ group, name, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
  );
  await writeFile(
    join(directory, 'pom.xml'),
    `<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>push-clients</artifactId>
    <version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`,
  );
  await promisify(execFile)('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], {
    cwd: directory,
  });
  const program = join(import.meta.dirname, 'support/PushClients.java');
  const java = spawn('java', ['-cp', join(directory, 'lib', '*'), program], { stdio: ['pipe', 'pipe', 'inherit'] });
  return java;
}
