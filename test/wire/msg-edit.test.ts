/** Editing what one has said: beyond-openim.md 3. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import editMessage from '../../src/http/routes/msg/edit_message.ts';
import getMessageEdits from '../../src/http/routes/msg/get_message_edits.ts';
import { actAs, answerFor, as, codeFor, makeTeam, type RefusedRow, refusedRows, say } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { readings } from './readings.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const chat = 'si_alice_bob';
const change = { conversationID: chat, seq: 1, userID: 'alice', text: 'better' };
const inTeam = { ...change, conversationID: 'sg_team', seq: 2, userID: 'carol' };

const tell = (world: World, sendID: string, recvID: string, content: object = { content: 'hi' }, contentType = 101) =>
  world.call('/msg/send_msg', { sendID, recvID, contentType, sessionType: 1, content });

const scene = {
  settings: { TESSERA_MAX_EDITS: '2', TESSERA_MAX_MESSAGE_BYTES: '4096' },
  setUp: async (world: World) => {
    await world.register('dora', 'eve');
    await tell(world, 'alice', 'bob');
    await tell(world, 'bob', 'alice');
    await tell(world, 'alice', 'bob', { data: '{}' }, 110);
    await tell(world, 'alice', 'bob');
    await actAs(world, 'alice', '/msg/delete_msgs', { conversationID: chat, seqs: [4], userID: 'alice' });
    await tell(world, 'alice', 'carol');
    await tell(world, 'alice', 'eve');
    await actAs(world, 'alice', '/msg/revoke_msg', { conversationID: 'si_alice_eve', seq: 1, userID: 'alice' });
    await tell(world, 'alice', 'dora');
    await actAs(world, 'dora', '/friend/add_black', { ownerUserID: 'dora', blackUserID: 'alice' });
    for (const groupID of ['team', 'muted', 'ended', 'left']) {
      await makeTeam(world, groupID);
      await say(world, 'carol', groupID, 'hello');
    }
    await actAs(world, 'alice', '/group/mute_group', { groupID: 'muted' });
    await actAs(world, 'alice', '/group/dismiss_group', { groupID: 'ended' });
    await actAs(world, 'carol', '/group/quit_group', { groupID: 'left' });
  },
};

const ofBoth: readonly RefusedRow[] = [
  ['seq 0', 'alice', { seq: 0 }, 1001],
  ['M5 of another user', 'bob', {}, 1002],
  ['M5 the message of the other', 'alice', { seq: 2 }, 1002],
  ['M5 a group in which the user never was', 'dora', { ...inTeam, userID: 'dora' }, 1002],
  ["M5 another member's message", 'bob', { ...inTeam, conversationID: 'sg_none', userID: 'bob' }, 1002],
  ['a chat that the user does not have', 'alice', { conversationID: 'si_bob_carol' }, 1004],
  ['a seq beyond', 'alice', { seq: 99 }, 1004],
  ['what the user has deleted', 'alice', { seq: 4 }, 1004],
  ['what was taken back', 'alice', { conversationID: 'si_alice_eve' }, 1404],
];

testEndpoint(
  editMessage,
  [
    ...refusedRows(change, [
      ...ofBoth,
      ['an empty text', 'alice', { text: '' }, 1001],
      ['a type without text', 'alice', { seq: 3 }, 1001],
      ['a text that makes the message too large', 'alice', { text: 'x'.repeat(4096) }, 1001],
      ['a version that is not that of the message', 'alice', { version: 1 }, 1001],
      ["M5 owner or not, another member's message", 'alice', { ...inTeam, userID: 'alice' }, 1002],
      ['who has left the group', 'carol', { ...inTeam, conversationID: 'sg_left' }, 1203],
      ['in a dismissed group', 'carol', { ...inTeam, conversationID: 'sg_ended' }, 1204],
      ['in a muted group', 'carol', { ...inTeam, conversationID: 'sg_muted' }, 1403],
      ['who is blocked by the other', 'alice', { conversationID: 'si_alice_dora' }, 1302],
    ]),
    ...['one', 'two'].map(
      (text, index): Scenario => ({
        name: `limit maxEdits: so many are made: ${index + 1}`,
        token: as('alice'),
        body: { ...change, conversationID: 'si_alice_carol', text },
        expect: { errCode: 0, data: { version: index + 1 } },
      }),
    ),
    {
      name: 'limit maxEdits: one more is 1001',
      token: as('alice'),
      body: { ...change, conversationID: 'si_alice_carol', text: 'three' },
      expect: {
        errCode: 1001,
        data: async (_: never, world: World) =>
          assert.equal((await readings(world, 'carol', 'si_alice_carol')).ranges[0]?.text, '{"content":"two"}'),
      },
    },
  ],
  scene,
);

const { text: _, ...asking } = change;
testEndpoint(
  getMessageEdits,
  refusedRows(asking, [...ofBoth, ["an ordinary member, another's message", 'carol', { ...inTeam, seq: 1 }, 1002]]),
  scene,
);

describe('edited messages', () => {
  const edit = async (world: World, userID: string, fields: object = {}) =>
    (await answerFor(world, userID, editMessage.path, { ...change, userID, ...fields })).data?.version;
  const history = async (world: World, fields: object = {}) =>
    ((await world.call(getMessageEdits.path, { ...asking, ...fields })).edits ?? []).map(
      ({ version, earlierText }: { version: number; earlierText: string }) => `${version} ${earlierText}`,
    );

  test('everybody reads the new text, by every way there is, and finds it; both sides are told', async () => {
    await using world = await World.open();
    await tell(world, 'alice', 'bob', { content: 'the first' });
    await using alice = await Listener.open(world, 'alice');
    await using bob = await Listener.open(world, 'bob');
    const [before] = (await readings(world, 'bob', chat)).ranges;
    assert.equal(await edit(world, 'alice'), 1);
    for (const device of [alice, bob]) {
      const { conversationID, message, tips } = await device.hear(2001);
      assert.deepEqual([conversationID, message.seq, tips.key], ['n_alice_bob', 1, 'tessera.edit']);
      const { clientMsgID, time, ...rest } = JSON.parse(tips.data);
      assert.match(`${clientMsgID} ${time > 0}`, /^\w{32} true$/);
      assert.deepEqual(rest, { conversationID: chat, seq: 1, userID: 'alice', version: 1 }, 'and not the text');
    }
    const shown = { ...before, text: '{"content":"better"}' };
    for (const userID of ['alice', 'bob']) {
      const { ranges, bySeqs, last, active, named, sorted } = await readings(world, userID, chat);
      assert.deepEqual([...ranges, ...bySeqs, last, active, named], [shown, shown, shown, shown, shown]);
      assert.deepEqual(sorted, { contentType: 101, text: shown.text });
    }
    const { chatLogs } = await world.call('/msg/search_msg', {
      sendID: 'alice',
      pagination: { pageNumber: 1, showNumber: 9 },
    });
    assert.equal(chatLogs[0].chatLog.content, shown.text);
    assert.deepEqual(await history(world), ['1 the first']);
  });

  test('of each type the text is replaced, and nothing else', async () => {
    await using world = await World.open();
    const quoteMessage = { seq: 1, contentType: 101, textElem: { content: 'old' } };
    const kinds: readonly [contentType: number, content: object, edited: object][] = [
      [118, { content: '# a', more: 1 }, { content: 'better', more: 1 }],
      [106, { text: 'a', atUserList: ['bob'] }, { text: 'better', atUserList: ['bob'] }],
      [114, { text: 'a', quoteMessage, messageEntityList: [] }, { text: 'better', quoteMessage }],
    ];
    for (const [index, [contentType, content, edited]] of kinds.entries()) {
      await tell(world, 'alice', 'bob', content, contentType);
      assert.equal(await edit(world, 'alice', { seq: index + 1 }), 1);
      const found = (await readings(world, 'bob', chat)).ranges[index];
      assert.deepEqual([found?.contentType, JSON.parse(found?.text ?? '')], [contentType, edited]);
    }
  });

  test('two editors at once: both are kept, one holds; who knows less is refused; a retry changes nothing', async () => {
    await using world = await World.open();
    await tell(world, 'alice', 'bob', { content: 'zero' });
    await using bob = await Listener.open(world, 'bob');
    const edits = ['one', 'two'].map((text) => world.call(editMessage.path, { ...change, text }));
    const versions = (await Promise.all(edits)).map(({ version }) => version);
    assert.deepEqual(versions.toSorted(), [1, 2]);
    const [last] = (await readings(world, 'bob', chat)).ranges;
    const holding = JSON.parse(last?.text ?? '').content;
    assert.equal(holding, versions[0] === 2 ? 'one' : 'two');
    assert.deepEqual(await history(world), ['1 zero', `2 ${holding === 'one' ? 'two' : 'one'}`]);
    assert.equal(await edit(world, 'alice', { text: 'late', version: 1 }), undefined);
    assert.equal(await edit(world, 'alice', { text: holding, version: 0 }), 2, 'said already');
    assert.equal(await edit(world, 'alice', { text: 'three', version: 2 }), 3);
    for (let told = 0; told < 3; told++) await bob.hear(2001);
    await bob.everything(world);
    assert.equal(bob.count(2001), 0);
  });

  test('a group: its members read the edit, its owner the original, and nobody once it is taken back', async () => {
    await using world = await World.open();
    await makeTeam(world, 'team');
    await say(world, 'carol', 'team', 'original');
    await using bob = await Listener.open(world, 'bob');
    await actAs(world, 'carol', editMessage.path, inTeam);
    assert.equal((await bob.hear(2001)).conversationID, 'n_team');
    assert.equal((await readings(world, 'bob', 'sg_team')).ranges.at(-1)?.text, '{"content":"better"}');
    const { text: _text, ...named } = inTeam;
    const earlier = async (userID: string) =>
      (await answerFor(world, userID, getMessageEdits.path, { ...named, userID })).data?.edits[0].earlierText;
    for (const userID of ['carol', 'bob', 'alice']) assert.equal(await earlier(userID), 'original');
    await world.register('dora');
    await actAs(world, 'alice', '/group/invite_user_to_group', { groupID: 'team', invitedUserIDs: ['dora'] });
    assert.equal(await codeFor(world, 'dora', getMessageEdits.path, { ...named, userID: 'dora' }), 1002);

    await actAs(world, 'carol', '/msg/revoke_msg', { conversationID: 'sg_team', seq: 2, userID: 'carol' });
    for (const path of [editMessage.path, getMessageEdits.path]) {
      assert.equal(await codeFor(world, 'carol', path, inTeam), 1404);
    }
    assert.ok(!JSON.stringify(await readings(world, 'bob', 'sg_team')).includes('better'));
  });

  test('TESSERA_EDIT_WITHIN: too late is 1002', async () => {
    await using world = await World.open({ TESSERA_EDIT_WITHIN: '2m' });
    await tell(world, 'alice', 'bob');
    world.passTime(60_000);
    assert.equal(await edit(world, 'alice', { text: 'in time' }), 1);
    world.passTime(61_000);
    assert.equal(await codeFor(world, 'alice', editMessage.path, change), 1002);
  });
});
