/** From `login()` to OnSyncServerFinish. Protocol: notifications-sync.md 3.3. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page, Response } from 'playwright-core';
import type { Stage } from './stage.ts';

/** What the Go core asks over REST when it has never run on the device and the account is empty. */
const firstRun = [
  '/conversation/get_full_conversation_ids',
  '/conversation/get_incremental_conversations',
  '/conversation/get_owner_conversation',
  '/friend/get_friend_list',
  '/friend/get_full_friend_user_ids',
  '/friend/get_incremental_friends',
  '/group/get_full_join_group_ids',
  '/group/get_incremental_join_groups',
  '/group/get_joined_group_list',
];

/** And what it does not wait for, in either order. */
const afterFinish = ['/friend/get_black_list', '/user/get_users_info'];

export async function loginStories(t: TestContext, { server, alice, bob, logIn }: Stage): Promise<void> {
  await t.test('a first login synchronises, and every call on the way is answered', async (t) => {
    const calls = recordCalls(alice.page, server.apiUrl);
    const logInTimed = async () => {
      const startedAt = performance.now();
      await logIn(alice, 'alice');
      const tookMs = performance.now() - startedAt;
      const inCallsMs = await msInCalls(alice.page, server.apiUrl);
      t.diagnostic(`login to OnSyncServerFinish: ${tookMs.toFixed()} ms, ${inCallsMs.toFixed()} of them in REST calls`);
    };
    await Promise.all([logInTimed(), ...afterFinish.map((path) => alice.page.waitForResponse(isAnswer(path)))]);
    assert.deepEqual(
      await calls.stop(),
      [...firstRun, ...afterFinish].sort().map((path) => [path, 0]),
    );

    const milestones = alice.events.filter(({ event }) => event !== 'OnSyncServerProgress');
    assert.deepEqual(
      milestones.map(({ event, data }) => [event, data]),
      [
        ['OnConnecting', undefined],
        ['OnConnectSuccess', undefined],
        ['OnSyncServerStart', true],
        ['OnSyncServerFinish', true],
      ],
    );
    assert.equal((await alice.call('getSelfUserInfo')).nickname, 'alice');
  });

  await t.test('a second user logs in beside the first', async () => {
    await logIn(bob, 'bob');
  });
}

/** Preflights have the same URL. */
function isAnswer(path: string): (response: Response) => boolean {
  return (response) => new URL(response.url()).pathname === path && response.request().method() === 'POST';
}

interface RecordedCalls {
  /** @returns paths and errCodes of the calls since the beginning, sorted */
  stop(): Promise<[path: string, errCode: number][]>;
}

function recordCalls(page: Page, apiUrl: string): RecordedCalls {
  const answers: Response[] = [];
  const record = (response: Response) => {
    const { origin, pathname } = new URL(response.url());
    if (origin === apiUrl && isAnswer(pathname)(response)) answers.push(response);
  };
  page.on('response', record);
  return {
    stop: async () => {
      page.off('response', record);
      const calls = answers.map(async (answer): Promise<[string, number]> => {
        return [new URL(answer.url()).pathname, (await answer.json()).errCode];
      });
      return (await Promise.all(calls)).sort();
    },
  };
}

/** Inside `evaluate`: the page's own globals. */
declare const performance: {
  now(): number;
  getEntriesByType(type: 'resource'): { name: string; startTime: number; responseEnd: number }[];
};

/** How long the page has had at least one call under way, in ms: the server's part in the login, and the network's. */
function msInCalls(page: Page, apiUrl: string): Promise<number> {
  return page.evaluate((apiUrl) => {
    const calls = performance.getEntriesByType('resource').filter(({ name }) => name.startsWith(apiUrl));
    let totalMs = 0;
    let coveredUntil = 0;
    for (const { startTime, responseEnd } of calls.sort((one, other) => one.startTime - other.startTime)) {
      totalMs += Math.max(0, responseEnd - Math.max(startTime, coveredUntil));
      coveredUntil = Math.max(coveredUntil, responseEnd);
    }
    return totalMs;
  }, apiUrl);
}
