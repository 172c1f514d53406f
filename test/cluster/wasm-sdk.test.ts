/** People, groups, chats and files with the Go core, its devices on any of three nodes. Run by `npm run test:cluster`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileStories, killedUploadStory } from '../sdk/file-stories.ts';
import { chatStories } from '../sdk/wasm/chat.suite.ts';
import { groupStories } from '../sdk/wasm/groups.suite.ts';
import { peopleStories } from '../sdk/wasm/people.suite.ts';
import { openStageOfNodes } from '../sdk/wasm/stage.ts';
import { Witness } from '../sdk/wasm/witness.ts';
import { s3Settings } from '../support/services/versitygw.ts';
import { s3ForSuite } from '../support/test-services.ts';

test('wasm SDK in Chromium, on three nodes', async (t) => {
  const s3 = await s3ForSuite(t);
  const stage = await openStageOfNodes(t, 3, s3 === undefined ? {} : s3Settings(s3.url));
  if (stage === undefined) return;
  await Promise.all([stage.logIn(stage.alice, 'alice'), stage.logIn(stage.bob, 'bob')]);
  const witness = await Witness.open(stage, ['alice', 'bob'], true);
  await peopleStories(t, stage, witness);
  await groupStories(t, stage, witness);
  await chatStories(t, stage, witness);
  const { server, alice, bob } = stage;
  if (s3 !== undefined) await fileStories(t, { page: alice.page, bob });
  await killedUploadStory(t, { page: alice.page, server, resumes: true });
  assert.deepEqual(stage.failures(), []);
});
