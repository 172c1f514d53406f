/** A group whose members, and who changes them, are on three nodes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PushMessages } from '../../src/protocol/gen/openim.ts';
import { notificationTypes } from '../../src/protocol/numbers/notices.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { PushLog } from '../support/push-log.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

test('M4, M5 a group on three nodes', async (t) => {
  const nodes = await openNodes(t);
  if (nodes === undefined) return;
  const [a, b, c] = nodes;
  await a.register('owner', 'sender1', 'sender2', 'comer');
  const memberUserIDs = ['sender1', 'sender2'];
  await a.call('/group/create_group', {
    ownerUserID: 'owner',
    memberUserIDs,
    groupInfo: { groupID: 'g', groupType: 2 },
  });
  const listen = async (world: World, userID: string, platformID: number) => {
    const token = await a.issue(userID, platformID);
    return PushLog.open({ port: world.wsPort, query: { sendID: userID, platformID: `${platformID}`, token } });
  };
  const owner = await listen(b, 'owner', 5);
  const comer = await listen(c, 'comer', 5);

  await t.test('1.4: who is put into a group hears of it first, and of what the chat shows of it then', async () => {
    const { client } = await listen(b, 'sender1', 5);
    let kinds: string[] = [];
    let seen = Promise.withResolvers<void>();
    client.ws.on('message', (data) => {
      const { reqIdentifier, data: body } = JSON.parse(String(data));
      if (reqIdentifier !== reqIdentifiers.pushMessage) return;
      const { msgs, notificationMsgs } = PushMessages.decode(Buffer.from(body, 'base64'));
      for (const _ of notificationMsgs.keys().filter((id) => id.startsWith('n_new'))) kinds.push('original');
      for (const _ of msgs.keys().filter((id) => id.startsWith('sg_new'))) kinds.push('chat');
      if (kinds.length === 2) seen.resolve();
    });
    for (const [index, changing] of [b, a, c, a, c].entries()) {
      kinds = [];
      seen = Promise.withResolvers<void>();
      await changing.call('/group/create_group', {
        ownerUserID: 'sender2',
        memberUserIDs: ['sender1'],
        groupInfo: { groupID: `new${index}`, groupType: 2 },
      });
      await within('both', seen.promise);
      // A Go core that sees the chat first takes the group for known, and does not tell its app.
      assert.deepEqual(kinds, ['original', 'chat']);
    }
  });

  await t.test('whoever comes and goes gets every message from the join to the end, and no other', async () => {
    const stop = new AbortController();
    let sent = 0;
    const sending = nodes.map(async (node, index) => {
      while (!stop.signal.aborted) {
        await node.call('/msg/send_msg', {
          ...{ sendID: ['owner', 'sender1', 'sender2'][index], groupID: 'g', senderPlatformID: 1 },
          ...{ content: { content: `${sent++}` }, contentType: 101, sessionType: 3 },
        });
      }
    });
    for (let round = 0; round < 8; round += 1) {
      const [one, other] = round % 2 === 0 ? [a, b] : [b, a];
      await one.call('/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['comer'], reason: '' });
      await whenMore(() => sent, 6);
      await other.call('/group/kick_group', { groupID: 'g', kickedUserIDs: ['comer'], reason: '' });
      await whenMore(() => sent, 3);
    }
    stop.abort();
    await Promise.all(sending);
    await a.call('/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['comer'], reason: '' });
    await a.call('/msg/send_msg', {
      ...{ sendID: 'owner', groupID: 'g', senderPlatformID: 1 },
      ...{ content: { content: 'the last one' }, contentType: 101, sessionType: 3 },
    });
    await owner.message('the last one');
    await comer.message('the last one');
    const { seqs } = owner;
    const [first = 0] = seqs;
    assert.deepEqual(
      seqs,
      Array.from(seqs, (_, index) => first + index),
      'in order, each once',
    );

    const expected: number[] = [];
    let isIn = false;
    for (const { seq, contentType, text } of owner.messages) {
      const isOfComer = contentType !== 101 && text.includes('comer');
      if (isOfComer && contentType === notificationTypes.memberInvited) isIn = true;
      if (isIn) expected.push(seq);
      if (isOfComer && contentType === notificationTypes.memberKicked) isIn = false;
    }
    assert.ok(expected.length > 50, `${expected.length} messages`);
    assert.deepEqual(
      comer.seqs.toSorted((x, y) => x - y),
      expected,
    );
    assert.deepEqual(comer.seqs, expected, 'in order');
  });

  await t.test('a login on another node, and the next message goes there', async () => {
    const phone = await listen(a, 'comer', 1);
    for (const [index, node] of nodes.entries()) {
      await node.call('/msg/send_msg', {
        ...{ sendID: 'owner', groupID: 'g', senderPlatformID: 1 },
        ...{ content: { content: `to all ${index}` }, contentType: 101, sessionType: 3 },
      });
      for (const device of [phone, comer, owner]) await device.message(`to all ${index}`);
    }
    await phone.close();
  });

  await t.test('1.16 in a directory that nobody says they share, nodes begin no upload', async () => {
    const asked = { hash: '0'.repeat(32), size: 1, maxParts: 1, name: 'owner/f', cause: '', contentType: '' };
    const answer = await b.post('/object/initiate_multipart_upload', asked, await b.issue('owner', 3));
    assert.equal(envelopeOf(answer).errCode, 500);
  });

  await t.test('a group that is made while its members are online reaches them on every node', async () => {
    await c.call('/group/create_group', {
      ...{ ownerUserID: 'owner', memberUserIDs: ['comer'], groupInfo: { groupID: 'h', groupType: 2 } },
    });
    await c.call('/msg/send_msg', {
      ...{ sendID: 'owner', groupID: 'h', senderPlatformID: 1 },
      ...{ content: { content: 'hello h' }, contentType: 101, sessionType: 3 },
    });
    for (const device of [owner, comer]) await device.message('hello h');
    for (const device of [owner, comer]) await device.close();
  });
});

async function openNodes(t: TestContext): Promise<readonly [World, World, World] | undefined> {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  if (databaseUrl === undefined || redis === undefined) return undefined;
  const settings = { TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url };
  const a = await World.open(settings);
  t.after(() => a[Symbol.asyncDispose]());
  const [b, c] = await Promise.all([World.join(a, settings), World.join(a, settings)]);
  for (const node of [b, c]) t.after(() => node[Symbol.asyncDispose]());
  return [a, b, c];
}

/** When it has grown by so much. */
async function whenMore(count: () => number, by: number): Promise<void> {
  const enough = count() + by;
  while (count() < enough) await new Promise((resolve) => setTimeout(resolve, 5));
}
