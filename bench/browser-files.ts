/**
 * Files of every kind sent from Chromium by both SDKs, to a directory and to an S3 store, with a kill -9
 * of the server in the middle of an upload: the long form of what test/sdk/browser.test.ts and
 * test/sdk/wasm/wasm-sdk.test.ts try of it.
 *
 *   node bench/browser-files.ts
 */
import { type TestContext, test } from 'node:test';
import { fileStories, killedUploadStory } from '../test/sdk/file-stories.ts';
import { openStage } from '../test/sdk/wasm/stage.ts';
import { browserForSuite } from '../test/support/browser.ts';
import { deploy } from '../test/support/deployments.ts';
import { logInOnPage, serveJsPage } from '../test/support/js-page.ts';
import { s3Settings } from '../test/support/services/versitygw.ts';
import { s3ForSuite } from '../test/support/test-services.ts';

type Settings = Readonly<Record<string, string>>;

onBothEngines('the JS SDK', async (t, settings) => {
  const browser = await browserForSuite(t);
  if (browser === undefined) return;
  const { server, backEnd, device } = await deploy(t, settings);
  await backEnd.register('alice', 'bob');
  const page = await browser.newPage();
  await page.goto(await serveJsPage(t));
  const { apiUrl: apiAddr, wsUrl: wsAddr } = server;
  const token = await backEnd.userToken('alice');
  await logInOnPage(page, { userID: 'alice', token, platformID: 5, apiAddr, wsAddr });
  await fileStories(t, { page, bob: await device('bob') });
  await killedUploadStory(t, { page, server, resumes: false });
});

onBothEngines('the wasm SDK', async (t, settings) => {
  const stage = await openStage(t, settings);
  if (stage === undefined) return;
  const { server, alice, bob, logIn } = stage;
  await Promise.all([logIn(alice, 'alice'), logIn(bob, 'bob')]);
  await fileStories(t, { page: alice.page, bob });
  await killedUploadStory(t, { page: alice.page, server, resumes: true });
});

function onBothEngines(subject: string, suite: (t: TestContext, settings: Settings) => Promise<void>): void {
  test(`files of ${subject} in a directory`, (t) => suite(t, {}));
  test(`files of ${subject} in an S3 store`, async (t) => {
    const s3 = await s3ForSuite(t);
    if (s3 !== undefined) await suite(t, s3Settings(s3.url));
  });
}
