/**
 * The first login of an account that strangers have filled with messages of the greatest size, by the Go core (the wasm
 * SDK in Chromium). Fails unless all of its conversations are shown and no frame is larger than the core reads.
 *
 *   node bench/first-login.ts [conversations, 1000 by default]
 */
import assert from 'node:assert/strict';
import { fillAccount, readableFrameBytes, watchFirstLogin } from '../test/sdk/wasm/filled-account.ts';
import { BackEnd } from '../test/support/back-end.ts';
import { launchBrowser } from '../test/support/browser.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { WasmClient } from '../test/support/wasm-client.ts';
import { serveWasmSite } from '../test/support/wasm-site.ts';
import { residentBytesOf } from './support/child.ts';
import { readCommandLine } from './support/command-line.ts';

const { positionals } = readCommandLine(import.meta.filename, {}, 1);
const count = Number(positionals[0] ?? 1000);
const limitMs = 600_000;

const server = await TesseraProcess.start();
const browser = await launchBrowser();
try {
  await using site = await serveWasmSite();
  const backEnd = new BackEnd(() => server.apiUrl);
  const strangers = await timed('messages were stored', () => fillAccount(backEnd, 'popular', count));

  const device = await WasmClient.open(await browser.newContext(), site.url, limitMs);
  const token = await backEnd.userToken('popular');
  const where = { apiAddr: server.apiUrl, wsAddr: server.wsUrl };
  const shown = await timed('were shown', () =>
    watchFirstLogin(device, count, () => device.login({ userID: 'popular', token, ...where })),
  );
  console.log(
    `${shown.listed.length} of ${count} conversations listed, largest frame ${shown.largestFrameBytes} bytes, ` +
      `${shown.failedConnections} failed connections, server at ${(residentBytesOf(server.pid) / 1e6).toFixed(0)} MB`,
  );
  assert.deepEqual(shown.listed, strangers.sort());
  assert.equal(shown.failedConnections, 0);
  assert.ok(shown.largestFrameBytes <= readableFrameBytes);
  assert.deepEqual(device.failures, []);
} finally {
  await browser.close();
  await server.dispose();
}

async function timed<Result>(what: string, action: () => Promise<Result>): Promise<Result> {
  const startedMs = performance.now();
  const result = await action();
  console.log(`${count} conversations ${what} after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}
