/** OpenIM's notification.yml, as its operators have it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultNoticeSettings, noticeSettings } from './notice-settings.ts';

const read = (document: unknown) => {
  const problems: string[] = [];
  return { ...noticeSettings(document, (problem) => problems.push(problem)), problems };
};

test('what the file does not name is as OpenIM has it by default', () => {
  assert.deepEqual(read({}), { settings: defaultNoticeSettings, unknownNames: [], problems: [] });
  assert.deepEqual(read(undefined).settings, defaultNoticeSettings);
  assert.deepEqual(
    Object.entries(defaultNoticeSettings).flatMap(([name, { isSendMsg }]) => (isSendMsg ? [name] : [])),
    [
      'groupCreated',
      'memberQuit',
      'groupOwnerTransferred',
      'memberKicked',
      'memberInvited',
      'memberEnter',
      'groupDismissed',
      'groupMuted',
      'groupCancelMuted',
      'groupMemberMuted',
      'groupMemberCancelMuted',
      'groupInfoSetAnnouncement',
      'groupInfoSetName',
      'friendApplicationApproved',
      'conversationSetPrivate',
    ],
  );
});

test('a file changes what it names, field by field', () => {
  const { settings, problems } = read({
    groupCreated: { isSendMsg: false, reliabilityLevel: 1, unreadCount: false, offlinePush: { enable: true } },
    memberKicked: { offlinePush: { title: 'gone', desc: 'you were removed', ext: 'x' } },
    memberQuit: null,
  });
  assert.deepEqual(settings.groupCreated, {
    isSendMsg: false,
    offlinePush: { enable: true, title: '', desc: '', ext: '' },
  });
  assert.deepEqual(settings.memberKicked, {
    isSendMsg: true,
    offlinePush: { enable: false, title: 'gone', desc: 'you were removed', ext: 'x' },
  });
  assert.deepEqual(settings.memberQuit, defaultNoticeSettings.memberQuit);
  assert.deepEqual(problems, []);
});

test('names of other servers are told apart from what makes no sense', () => {
  assert.deepEqual(read({ workMoment: { isSendMsg: true } }).unknownNames, ['workMoment']);
  assert.deepEqual(read({ constructor: { isSendMsg: true } }).unknownNames, ['constructor']);
  assert.deepEqual(read(['groupCreated']).problems, ['the file: must be names with values']);
  assert.deepEqual(
    read({
      groupCreated: true,
      memberQuit: { isSendMsg: 'yes', offlinePush: { enable: 1, title: 7 } },
    }).problems,
    [
      'groupCreated: must be names with values',
      'memberQuit.isSendMsg: must be true or false',
      'memberQuit.offlinePush.enable: must be true or false',
      'memberQuit.offlinePush.title: must be a text',
    ],
  );
});
