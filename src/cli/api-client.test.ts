/** What commands do with the admin secret: whom they give it to, and whom not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../config/config.ts';
import { connectApi, postPublic } from './api-client.ts';

const config = loadConfig({ environment: { TESSERA_SECRET: 'what the tests ask for' } });

test('a redirect is not followed: the secret stays with the server that was named', async (t) => {
  let reached = 0;
  const elsewhere = await listen(t, (_, response) => {
    reached++;
    response.end('{"errCode":0,"errMsg":"","errDlt":"","data":{"token":"t"}}');
  });
  for (const status of [301, 302, 307, 308]) {
    const url = await listen(t, (request, response) =>
      response.writeHead(status, { location: elsewhere + request.url }).end(),
    );
    await assert.rejects(connectApi(config, { url, isInsecure: true }), {
      name: 'StartError',
      message: new RegExp(`^no Tessera server answers at ${url}: .*redirect`),
    });
  }
  assert.equal(reached, 0);
});

for (const url of ['foo', 'foo:10002', '/path', 'ftp://127.0.0.1', 'http://', 'http://a:b@127.0.0.1', 'http://[::1']) {
  test(`--url ${url} is refused in one sentence`, async () => {
    await assert.rejects(connectApi(config, { url, isInsecure: true }), {
      name: 'UsageError',
      message:
        'the API has to be at an http or https URL such as https://im.example.com, without user, query and fragment',
    });
  });
}

test('a URL with a query or a fragment is refused: it would get lost', async () => {
  for (const url of ['http://127.0.0.1/?a=1', 'http://127.0.0.1/#a']) {
    await assert.rejects(connectApi(config, { url, isInsecure: true }), { name: 'UsageError' });
  }
});

test('T6 plain http to another machine is refused before anything is sent, tokens included', async () => {
  for (const url of [
    'http://im.example:10002',
    'http://192.0.2.1',
    'http://[2001:db8::1]',
    'http://127.0.0.1.example',
  ]) {
    const address = { url, isInsecure: false };
    const refusal = { name: 'UsageError', message: /on another machine.*use https, or --insecure/ };
    await assert.rejects(connectApi(config, address), refusal);
    await assert.rejects(postPublic(config, address, '/auth/parse_token', { token: 't' }), refusal);
  }
  const remote = loadConfig({ environment: { TESSERA_SECRET: 'what the tests ask for', TESSERA_HOST: 'im.example' } });
  await assert.rejects(connectApi(remote, { url: '', isInsecure: false }), { name: 'UsageError' });
});

test('plain http to this machine is fine, and the path of the URL goes before that of the endpoint', async (t) => {
  const paths: (string | undefined)[] = [];
  const url = await listen(t, (request, response) => {
    paths.push(request.url);
    response.end('{"errCode":0,"errMsg":"","errDlt":"","data":{"token":"t"}}');
  });
  const { port } = new URL(url);
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const ipv4 = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
  const hosts = ['127.0.0.1', '127.0.0.2', 'localhost', ...ipv4];
  for (const host of hosts) {
    await postPublic(config, { url: `http://${host}:${port}/im/`, isInsecure: false }, '/auth/parse_token', {});
  }
  assert.deepEqual(new Set(paths), new Set(['/im/auth/parse_token']));
  assert.equal(paths.length, hosts.length);
});

test('--insecure and https are let through', async (t) => {
  const listening = await listen(t, (_, response) => response.end('{"errCode":0,"data":{"token":"t"}}'));
  // Nobody's address, which leads here all the same.
  const url = listening.replace('127.0.0.1', '0.0.0.0');
  await assert.rejects(connectApi(config, { url, isInsecure: false }), { name: 'UsageError' });
  await connectApi(config, { url, isInsecure: true });
  // The server speaks no TLS: that it is asked at all is the point.
  const secured = { url: url.replace('http:', 'https:'), isInsecure: false };
  await assert.rejects(connectApi(config, secured), {
    name: 'StartError',
    message: /no Tessera server answers at https/,
  });
});

test('answers of something else, and texts that command the terminal, do no harm', async (t) => {
  for (const answer of ['null', '[]', '"text"', '{}', '{"errCode":"0"}', '<html>', '']) {
    const url = await listen(t, (_, response) => response.end(answer));
    await assert.rejects(connectApi(config, { url, isInsecure: false }), {
      name: 'StartError',
      message: /^no Tessera server answers at /,
    });
  }
  const url = await listen(t, (_, response) =>
    response.end(JSON.stringify({ errCode: 1002, errMsg: 'No\x1b[2J', errDlt: 'why\u009b2J' })),
  );
  await assert.rejects(connectApi(config, { url, isInsecure: false }), {
    name: 'ApiRefusal',
    message: 'the server refused: 1002 No [2J: why 2J',
  });
});

/** On every address of this machine. @returns its URL on 127.0.0.1 */
async function listen(t: TestContext, onRequest: RequestListener): Promise<string> {
  const server = createServer(onRequest).listen(0, '0.0.0.0');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
