import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webhookSettings } from './webhook-settings.ts';

function read(parsed: unknown) {
  const problems: string[] = [];
  const { settings, unknownNames } = webhookSettings(parsed, (problem) => problems.push(problem));
  return { hooks: Object.fromEntries(settings.hooks), url: settings.url, unknownNames, problems };
}

test("a file in the form of OpenIM's is taken, whatever the case of its keys; only what is on counts", () => {
  const url = 'http://10.0.0.1:10006/callbackExample';
  assert.deepEqual(
    read({
      url,
      beforeSendSingleMsg: { enable: true, timeout: 3, failedContinue: true, deniedTypes: [102] },
      AFTERSENDGROUPMSG: { Enable: true, timeout: 0, attentionIds: ['team'] },
      beforeMsgModify: { enable: false, timeout: 5 },
      afterGroupMsgRevoke: { enable: true },
    }),
    {
      url,
      hooks: {
        beforeSendSingleMsg: {
          timeoutMs: 3000,
          failedContinue: true,
          deniedTypes: new Set([102]),
          attentionIDs: new Set(),
        },
        afterSendGroupMsg: {
          timeoutMs: 15_000,
          failedContinue: false,
          deniedTypes: new Set(),
          attentionIDs: new Set(['team']),
        },
      },
      unknownNames: ['afterGroupMsgRevoke'],
      problems: [],
    },
  );
});

test('an empty file has no hook on; everything that is wrong is named', () => {
  assert.deepEqual(read(null), { hooks: {}, url: '', unknownNames: [], problems: [] });
  assert.deepEqual(
    read({
      url: 'ftp://somewhere',
      beforeSendSingleMsg: { enable: 'yes', timeout: 'long', deniedTypes: 102 },
      afterMsgSaveDB: { enable: true, attentionIds: [1] },
    }).problems,
    [
      'beforeSendSingleMsg.enable must be true or false',
      'beforeSendSingleMsg.timeout must be a number of seconds',
      'beforeSendSingleMsg.deniedtypes must be a list of numbers',
      'afterMsgSaveDB.attentionids must be a list of texts',
      'url must begin with http:// or https://',
    ],
  );
  assert.deepEqual(read(['a']).problems, ['the file must hold keys and values']);
});
