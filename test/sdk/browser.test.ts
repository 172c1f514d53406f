/** The SDK in a real browser, on a page of another origin: preflights, headers and frames as a browser sees them. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { browserForSuite } from '../support/browser.ts';
import { deploy } from '../support/deployments.ts';
import { logInOnPage, serveJsPage } from '../support/js-page.ts';
import { fileStories, killedUploadStory } from './file-stories.ts';

test('JS SDK in Chromium', async (t) => {
  const browser = await browserForSuite(t);
  if (browser === undefined) return;
  const { server, backEnd, device } = await deploy(t);
  await backEnd.register('alice', 'bob');
  const bob = await device('bob');
  const page = await browser.newPage();
  await page.goto(await serveJsPage(t));

  await t.test('logs in across origins and synchronises', async () => {
    const outcome = await logInOnPage(page, {
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

  const hadLibvips = await hasLibvips(server.pid);
  await fileStories(t, { page, bob });

  const skip = process.platform !== 'linux' && 'only Linux says what a process has loaded';
  await t.test('what makes thumbnails is loaded with the first of them', { skip }, async () => {
    assert.deepEqual([hadLibvips, await hasLibvips(server.pid)], [false, true]);
  });

  await killedUploadStory(t, { page, server, resumes: false });

  await t.test('under /msg_gateway of the API port the same works on one port', async () => {
    await page.reload();
    const outcome = await logInOnPage(page, {
      userID: 'alice',
      token: await backEnd.userToken('alice'),
      platformID: 5,
      apiAddr: server.apiUrl,
      wsAddr: `${server.apiUrl.replace('http', 'ws')}/msg_gateway`,
    });
    assert.equal(outcome, 'OnSyncServerFinish');
  });
});

/** Undefined where the system does not say. */
async function hasLibvips(pid: number): Promise<boolean | undefined> {
  const libraries = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => undefined);
  return libraries?.includes('libvips');
}

/** Inside `evaluate`: the page's own globals. */
declare const window: { sdk: BrowserSdk; texts: string[] };

interface BrowserSdk {
  createTextMessage(text: string): Promise<{ data: unknown }>;
  sendMessage(params: unknown): Promise<unknown>;
}
