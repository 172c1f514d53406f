/** What a receiver does wrong, and what a hook's settings make of it (objects-push-webhooks chapter, 3.1 and 3.2). */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { HookAnswer } from '../support/hook-receiver.ts';
import { HookWorld, shortCommand } from './hook-world.ts';

let on: HookWorld;
before(async () => {
  on = await HookWorld.open([
    // One lets pass, the other does not.
    'beforeSendSingleMsg: { enable: true, timeout: 0.3, failedContinue: true, deniedTypes: [110] }',
    'beforeSendGroupMsg: { enable: true, timeout: 0.3 }',
    'beforeMsgModify: { enable: true, timeout: 5, deniedTypes: [101] }',
    'afterSendSingleMsg: { enable: true, timeout: 5, attentionIds: [bob], deniedTypes: [110] }',
    'afterSendGroupMsg: { enable: true, timeout: 5, attentionIds: [team] }',
    'afterMsgSaveDB: { enable: true, timeout: 5, attentionIds: [carol, team] }',
  ]);
  for (const groupID of ['team', 'other']) {
    const groupInfo = { groupID, groupName: groupID, groupType: 2 };
    await on.done('/group/create_group', { groupInfo, ownerUserID: 'alice', memberUserIDs: ['bob'] });
  }
});
after(() => on[Symbol.asyncDispose]());

const toBob = { recvID: 'bob', sessionType: 1 };
const toTeam = { groupID: 'team', sessionType: 3 };
const custom = { contentType: 110, content: { data: 'd', description: '', extension: '' } };

const say = (to: object) =>
  on.post('/msg/send_msg', { sendID: 'alice', contentType: 101, content: { content: 'x' }, ...to });
const newest = async () => (await on.done('/msg/newest_seq', { userID: 'bob' })).maxSeqs;

const write = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
  ((response: ServerResponse) => void response.writeHead(status, headers).end(body)) satisfies HookAnswer;

describe('an answer that is none lets pass with failedContinue, and has its own code without', () => {
  const cases: readonly (readonly [name: string, answer: () => HookAnswer, code: number])[] = [
    ['it hangs', () => () => {}, 90004],
    ['it begins an answer and hangs', () => (response) => void response.write('{"actionCode":'), 90004],
    ['it resets the connection', () => (response) => void response.destroy(), 90004],
    ['it redirects to a private address', () => write(302, '{}', { location: `${on.receiver.url}/secret` }), 90004],
    ['it redirects to the metadata of a cloud', () => write(307, '{}', { location: 'http://169.254.169.254/' }), 90004],
    ['it answers HTML', () => write(200, '<html></html>', { 'content-type': 'text/html' }), 90007],
    ['it answers nothing', () => write(200, ''), 90007],
    ['it answers a list', () => write(200, '[]'), 90007],
    ['it answers 10 MB', () => write(200, `{"a":"${'x'.repeat(10_000_000)}"}`), 90007],
  ];
  for (const [name, answer, code] of cases) {
    test(`O1 ${name}`, async () => {
      const before = await newest();
      const from = on.receiver.heard.length;
      const passed = await on.answering('BeforeSendSingleMsg', answer(), () => say(toBob));
      assert.equal(passed.errCode, 0, passed.errDlt);
      const refused = await on.answering('BeforeSendGroupMsg', answer(), () => say(toTeam));
      assert.equal(refused.errCode, code, refused.errDlt);
      const now = await newest();
      assert.deepEqual([now.si_alice_bob - (before.si_alice_bob ?? 0), now.sg_team], [1, before.sg_team]);
      await on.settled();
      // Nobody followed a redirect, and nothing is told of what did not happen.
      const heard = on.receiver.heard.slice(from).map(({ command }) => shortCommand(command));
      assert.deepEqual(
        heard,
        ['BeforeSendSingleMsg', 'BeforeSendGroupMsg', 'AfterSendSingleMsg'].toSorted(
          (a, b) => heard.indexOf(a) - heard.indexOf(b),
        ),
      );
    });
  }
});

test('F33 a no is a no, also with failedContinue; a code alone is none', async () => {
  const no = { actionCode: 0, nextCode: 1, errCode: 7001, errMsg: 'no' };
  for (const [command, to] of [
    ['BeforeSendSingleMsg', toBob],
    ['BeforeSendGroupMsg', toTeam],
  ] as const) {
    assert.equal((await on.answering(command, no, () => say(to))).errCode, 7001);
    assert.equal((await on.answering(command, { ...no, nextCode: 0 }, () => say(to))).errCode, 0);
  }
  await on.settled();
});

describe('deniedTypes and attentionIds say of which messages', () => {
  const all = ['AfterMsgSaveDB', 'AfterSendGroupMsg', 'BeforeSendGroupMsg'];
  const cases: readonly (readonly [name: string, to: object, heard: readonly string[]])[] = [
    ['a text to whom one hook listens', toBob, ['AfterSendSingleMsg', 'BeforeSendSingleMsg']],
    ['a text to whom another one listens', { ...toBob, recvID: 'carol' }, ['AfterMsgSaveDB', 'BeforeSendSingleMsg']],
    ['a type that two hooks pass over', { ...toBob, ...custom }, ['BeforeMsgModify']],
    ['Known defect: a group to which hooks listen', toTeam, all],
    ['a type that they do not pass over', { ...toTeam, ...custom }, [...all, 'BeforeMsgModify'].toSorted()],
    ['a group to which none listens', { ...toTeam, groupID: 'other' }, ['BeforeSendGroupMsg']],
  ];
  for (const [name, to, expected] of cases) {
    test(name, async () => {
      const from = on.receiver.heard.length;
      const { errCode, errDlt } = await say(to);
      assert.equal(errCode, 0, errDlt);
      await on.settled();
      const heard = on.receiver.heard.slice(from).map(({ command }) => shortCommand(command));
      assert.deepEqual(heard.toSorted(), expected);
    });
  }
});
