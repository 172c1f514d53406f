/** Who is pushed what, as the operator's receiver decides (objects-push-webhooks chapter, 3.5). */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { PushMessages } from '../../src/protocol/gen/openim.ts';
import { FcmStandIn } from '../support/push/fcm-stand-in.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { pushScenes } from './hook-scenes/pushes.ts';
import { HookWorld, inOrder, pushHooks, shortCommand } from './hook-world.ts';

const fcm = new FcmStandIn();
let directory: string;
let on: HookWorld;
/** Bob's, whose phone is another one. */
let web: SocketClient;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-push-hooks-'));
  await fcm.listen();
  const path = join(directory, 'account.json');
  await writeFile(path, JSON.stringify(fcm.account), { mode: 0o600 });
  on = await HookWorld.open(pushHooks, { TESSERA_FCM_ACCOUNT_FILE: path, TESSERA_FCM_URL: fcm.url });
  await on.world.call('/third/fcm_update_token', { account: 'bob', platformID: 2, fcmToken: 'of-bob' });
  await on.world.call('/friend/import_friend', { ownerUserID: 'alice', friendUserIDs: ['bob'] });
  const groupInfo = { groupID: 'team', groupName: 'The team', groupType: 2 };
  await on.world.call('/group/create_group', { groupInfo, ownerUserID: 'alice', memberUserIDs: ['bob', 'carol'] });
  web = await connect({
    port: on.world.wsPort,
    query: { sendID: 'bob', platformID: '5', token: await on.world.issue('bob', 5) },
  });
});
after(async () => {
  await web?.close();
  await on[Symbol.asyncDispose]();
  await fcm[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  await on.settled();
  fcm.asked.length = 0;
});

for (const scene of pushScenes) {
  test(scene.name, async () => assert.deepEqual(await on.heardBy(scene), inOrder(scene.heard)));
}

/** What comes to bob's socket while something is done, and whom it wakes. */
async function reached(act: () => Promise<unknown>) {
  const from = on.receiver.heard.length;
  await act();
  await pushed();
  await web.roundTrip();
  const texts: string[] = [];
  while (web.pending.length > 0) {
    const { data } = await web.nextReply();
    const { msgs } = PushMessages.decode(Buffer.from(data ?? '', 'base64'));
    for (const { Msgs } of msgs.values()) texts.push(...Msgs.map(({ content }) => Buffer.from(content).toString()));
  }
  const commands = on.receiver.heard.slice(from).map(({ command }) => shortCommand(command));
  const titles = fcm.asked.map(({ body }) => JSON.parse(body).message.notification.title);
  return { texts, commands, titles };
}

/** Once no push waits. */
async function pushed(): Promise<void> {
  using database = new DatabaseSync(join(on.world.dataDir, 'tessera.db'), { readOnly: true });
  const open = database.prepare(`SELECT 1 FROM deliveries WHERE topic = 'push' LIMIT 1`);
  while (open.get() !== undefined) await setTimeout(5);
}

const refused = { actionCode: 0, errCode: 7001, nextCode: 1 };
const toBob = { recvID: 'bob', sessionType: 1 };
const toTeam = { groupID: 'team', sessionType: 3 };
const text = '{"content":"hello"}';

test('F33 a no before an online push stops this one and the offline one; the message is stored', async () => {
  await reached(async () => {});
  for (const [command, to] of [
    ['BeforeOnlinePush', toBob],
    ['BeforeGroupOnlinePush', toTeam],
  ] as const) {
    const refusal = await on.answering(command, refused, () => reached(() => on.send(to)));
    assert.deepEqual(refusal, { texts: [], commands: [command], titles: [] });
  }
  const { maxSeqs } = await on.done('/msg/newest_seq', { userID: 'bob' });
  assert.deepEqual([maxSeqs.si_alice_bob, maxSeqs.sg_team], [3, 3]);
  const { texts, titles } = await reached(() => on.send(toBob));
  assert.deepEqual([texts, titles], [[text], ['[TEXT]']]);
});

test('F33 nobody who answers is a no, unless the hook lets it pass', async () => {
  const reset = (response: ServerResponse) => void response.destroy();
  const { texts, titles } = await on.answering('BeforeOnlinePush', reset, () => reached(() => on.send(toBob)));
  assert.deepEqual([texts, titles], [[], []]);
});

test('F35 the answer names whom a message of a group reaches, online and offline', async () => {
  const only = (...userIDList: readonly string[]) =>
    on.answering('BeforeGroupOnlinePush', { userIDList }, () => reached(() => on.send(toTeam)));
  assert.deepEqual((await only('carol')).texts, []);
  const { texts, titles } = await only('bob', 'carol');
  assert.deepEqual([texts, titles], [[text], ['[TEXT]']]);
});

test('F35 the answer before an offline push changes whom it wakes and what it shows, or stops it', async () => {
  const offline = async (answer: object) =>
    (await on.answering('BeforeOfflinePush', answer, () => reached(() => on.send(toBob)))).titles;
  assert.deepEqual(await offline(refused), []);
  assert.deepEqual(await offline({ userIDList: ['carol'] }), []);
  assert.deepEqual(await offline({ userIDList: [], offlinePushInfo: { title: 'Given', desc: 'D' } }), ['Given']);
});

test('what is said in one chat leaves in order, though the receiver answers the first one last', async () => {
  const held: ServerResponse[] = [];
  const hold = (response: ServerResponse) => {
    held.push(response);
    if (held.length === 2) for (const one of held.reverse()) one.end('{}');
  };
  const { texts } = await on.answering('BeforeOnlinePush', hold, () =>
    reached(async () => {
      for (const content of ['one', 'two']) await on.send({ ...toBob, content: { content } });
    }),
  );
  assert.deepEqual(texts, ['{"content":"one"}', '{"content":"two"}']);
});
