/**
 * Unmodified wasm SDKs, which are the Go core of nearly all OpenIM clients, in a real browser: what their users see. On
 * several nodes: test/cluster/wasm-sdk.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { s3Settings } from '../../support/services/versitygw.ts';
import type { TesseraProcess } from '../../support/tessera-process.ts';
import { s3ForSuite } from '../../support/test-services.ts';
import { fileStories, killedUploadStory } from '../file-stories.ts';
import { chatStories, historyStory } from './chat.suite.ts';
import { connectionStories } from './connection.suite.ts';
import { groupStories } from './groups.suite.ts';
import { largeMessageStories } from './large-messages.suite.ts';
import { loginStories } from './login.suite.ts';
import { messageStories } from './messages.suite.ts';
import { peopleStories } from './people.suite.ts';
import { presenceStories } from './presence.suite.ts';
import { sessionStories } from './sessions.suite.ts';
import { openStage } from './stage.ts';
import { tokenStories } from './tokens.suite.ts';
import { Witness } from './witness.ts';

test('wasm SDK in Chromium', async (t) => {
  const s3 = await s3ForSuite(t);
  const stage = await openStage(t, s3 === undefined ? {} : s3Settings(s3.url));
  if (stage === undefined) return;
  await loginStories(t, stage);
  await messageStories(t, stage);
  await presenceStories(t, stage);
  const second = await sessionStories(t, stage);
  await tokenStories(t, stage);
  await largeMessageStories(t, stage, second);
  await t.test('the server refused nothing that the SDKs asked over the socket', async () => {
    assert.deepEqual(
      await socketRequests(stage.server),
      asked.map((identifier) => [identifier, 0]),
    );
  });
  await connectionStories(t, stage);
  const witness = await Witness.open(stage, ['alice', 'bob']);
  await peopleStories(t, stage, witness);
  await groupStories(t, stage, witness);
  await historyStory(t, stage, await chatStories(t, stage, witness));
  const { server, alice, bob } = stage;
  if (s3 !== undefined) await fileStories(t, { page: alice.page, bob });
  await killedUploadStory(t, { page: alice.page, server, resumes: true });

  await t.test('no page had an error, no core panicked, and the server logged no failure', () => {
    assert.deepEqual(stage.failures(), []);
    const failures = stage.server.logLines.filter((line) => JSON.parse(line).level >= 50);
    assert.deepEqual(failures, []);
  });
});

/** All identifiers but 1004, which nobody uses, and 1007, which is for reinstalled apps whose newest messages are gone. */
const asked = [1001, 1002, 1003, 1005, 1006, 2003, 2004, 2005];

/** Identifier and errCode of every kind of request and outcome that there has been: the others count 0. */
async function socketRequests({ apiUrl }: TesseraProcess): Promise<number[][]> {
  const metrics = await (await fetch(`${apiUrl}/metrics`)).text();
  const samples = metrics.matchAll(/^tessera_gateway_requests_total\{identifier="(\d+)",code="(\d+)"\} [1-9]/gm);
  return [...samples].map(([, ...labels]) => labels.map(Number)).sort(([one = 0], [other = 0]) => one - other);
}
