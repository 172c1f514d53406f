/** The pure-JS SDK's script build on a page of its own, as a web site on loopback. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import type { SuiteScope } from './test-services.ts';

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

/** Inside `evaluate`: the page's own globals. */
declare const window: { clientSdk: { getSDK(): BrowserSdk }; sdk: BrowserSdk; texts: string[] };

interface BrowserSdk {
  on(event: string, listener: (event: { data: { textElem: { content: string } }[] }) => void): void;
  login(params: unknown): Promise<unknown>;
}

/** Leaves the SDK on the window, with the texts that come. @returns the event that ended the synchronisation */
export function logInOnPage(page: Page, params: object): Promise<string> {
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

/** @returns the page's URL; it is there until the suite is over */
export async function serveJsPage(t: SuiteScope): Promise<string> {
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
