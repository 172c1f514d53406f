/** People, groups and chats with the Go core once more, where the server keeps them in PostgreSQL and its tokens in Redis; and files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { s3Settings } from '../../support/services/versitygw.ts';
import { postgresUrlForSuite, redisForSuite, s3ForSuite } from '../../support/test-services.ts';
import { fileStories } from '../file-stories.ts';
import { chatStories } from './chat.suite.ts';
import { groupStories } from './groups.suite.ts';
import { peopleStories } from './people.suite.ts';
import { openStage } from './stage.ts';
import { Witness } from './witness.ts';

test('wasm SDK in Chromium, on PostgreSQL and Redis', async (t) => {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  if (databaseUrl === undefined || redis === undefined) return;
  const s3 = await s3ForSuite(t);
  const stage = await openStage(t, {
    ...{ TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url },
    ...(s3 === undefined ? {} : s3Settings(s3.url)),
  });
  if (stage === undefined) return;
  await Promise.all([stage.logIn(stage.alice, 'alice'), stage.logIn(stage.bob, 'bob')]);
  // What differs from SQLite is the server's queries. After each of these steps they are also asked for a new device of
  // both sides by the JS SDK's stories, in a hundredth of the time.
  const witness = await Witness.open(stage, ['alice', 'bob'], { isSparing: true });
  await peopleStories(t, stage, witness);
  await groupStories(t, stage, witness);
  await chatStories(t, stage, witness);
  if (s3 !== undefined) await fileStories(t, { page: stage.alice.page, bob: stage.bob, resumes: true });
  assert.deepEqual(stage.failures(), []);
});
