/** The SDK in a real browser, on a page of another origin: preflights, headers and frames as a browser sees them. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserForSuite } from '../support/browser.ts';
import { deploy } from '../support/deployments.ts';

/** The package's script build and what it needs, with the global names under which it looks for them. */
const scripts = [
  { file: 'loglevel/dist/loglevel.min.js', after: 'loglevel = log' },
  { file: 'spark-md5/spark-md5.min.js', after: 'sparkMd5 = SparkMD5' },
  {
    file: 'base64-arraybuffer/dist/base64-arraybuffer.umd.js',
    after: 'base64Arraybuffer = window["base64-arraybuffer"]',
  },
  { file: '@openim/protocol/lib/index.umd.js', after: '' },
  { file: '@openim/client-sdk/lib/index.umd.js', after: '' },
];

test('JS SDK in Chromium', async (t) => {
  const browser = await browserForSuite(t);
  if (browser === undefined) return;
  const { server, backEnd, device } = await deploy(t);
  await backEnd.register('alice', 'bob');
  const bob = await device('bob');
  const page = await browser.newPage();
  await page.goto(await servePage(t));

  await t.test('logs in across origins and synchronises', async () => {
    const outcome = await logIn(page, {
      userID: 'alice',
      token: await backEnd.userToken('alice'),
      platformID: 5,
      apiAddr: server.apiUrl,
      wsAddr: server.wsUrl,
    });
    assert.equal(outcome, 'OnSyncServerFinish');
  });

  await t.test('M4: messages go both ways between the browser and another client', async () => {
    const atBob = bob.next('OnRecvNewMessages');
    await page.evaluate(async () => {
      const { data: message } = await window.sdk.createTextMessage('from the browser');
      await window.sdk.sendMessage({ recvID: 'bob', groupID: '', message });
    });
    assert.equal((await atBob).data[0].textElem.content, 'from the browser');

    await bob.sendText('alice', 'to the browser');
    await page.waitForFunction(() => window.texts.length > 0);
    // Only the peer's: the browser's own message came back as an echo and not as news.
    assert.deepEqual(await page.evaluate(() => window.texts), ['to the browser']);
  });

  await t.test('under /msg_gateway of the API port the same works on one port', async () => {
    await page.reload();
    const outcome = await logIn(page, {
      userID: 'alice',
      token: await backEnd.userToken('alice'),
      platformID: 5,
      apiAddr: server.apiUrl,
      wsAddr: `${server.apiUrl.replace('http', 'ws')}/msg_gateway`,
    });
    assert.equal(outcome, 'OnSyncServerFinish');
  });
});

/** Inside `evaluate`: the page's own globals. */
declare const window: { clientSdk: { getSDK(): BrowserSdk }; sdk: BrowserSdk; texts: string[] };

interface BrowserSdk {
  on(event: string, listener: (event: { data: { textElem: { content: string } }[] }) => void): void;
  login(params: unknown): Promise<unknown>;
  createTextMessage(text: string): Promise<{ data: unknown }>;
  sendMessage(params: unknown): Promise<unknown>;
}

/** @returns the event that ended the synchronisation */
function logIn(page: Page, params: object): Promise<string> {
  return page.evaluate(async (login) => {
    window.sdk = window.clientSdk.getSDK();
    window.texts = [];
    window.sdk.on('OnRecvNewMessages', ({ data }) =>
      window.texts.push(...data.map(({ textElem }) => textElem.content)),
    );
    const ended = new Promise<string>((resolve) => {
      for (const name of ['OnSyncServerFinish', 'OnSyncServerFailed', 'OnConnectFailed'])
        window.sdk.on(name, () => resolve(name));
    });
    await window.sdk.login(login);
    return ended;
  }, params);
}

/** @returns the page's URL */
async function servePage(t: TestContext): Promise<string> {
  const tags = scripts.map(({ file, after }) => `<script src="/${file}"></script><script>${after}</script>`);
  const html = `<!doctype html><title>SDK</title>${tags.join('')}`;
  const server = createServer(async (request, response) => {
    const script = scripts.find(({ file }) => request.url === `/${file}`);
    if (script === undefined) {
      response.setHeader('Content-Type', 'text/html').end(html);
      return;
    }
    const body = await readFile(new URL(`../../node_modules/${script.file}`, import.meta.url));
    response.setHeader('Content-Type', 'text/javascript').end(body);
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
