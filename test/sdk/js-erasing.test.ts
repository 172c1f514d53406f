/** Messages taken back and deleted, told by unmodified pure-JS SDKs: on both sides at once, and on a fresh device. */
import assert from 'node:assert/strict';
import { testOnEveryDeployment } from '../support/deployments.ts';
import type { SdkClient } from '../support/sdk-client.ts';

const conversationID = 'si_ann_ben';

testOnEveryDeployment('Erasing with the JS SDK', {}, async (t, { backEnd, device }) => {
  await backEnd.register('ann', 'ben');
  const ann = await device('ann');
  const ben = await device('ben');
  const come = ben.next('OnRecvNewMessages', ({ data }) => data.at(-1).textElem?.content === 'third');
  const sent: { readonly clientMsgID: string }[] = [];
  for (const text of ['first', 'second', 'third']) sent.push(await ann.sendText('ben', text));
  await come;

  await t.test('what was pushed is taken back at once, and the other side sees who did it', async () => {
    const told = ben.next('OnNewRecvMessageRevoked');
    await ann.sdk.revokeMessage({ conversationID, clientMsgID: sent[0]?.clientMsgID ?? '' });
    assert.partialDeepStrictEqual((await told).data, { clientMsgID: sent[0]?.clientMsgID, revokerID: 'ann' });
  });

  await t.test('a fresh device of either side sees the same, and not what it has deleted', async () => {
    await ben.sdk.deleteMessage({ conversationID, clientMsgID: sent[2]?.clientMsgID ?? '' });
    assert.deepEqual(await shown(await device('ben')), ['2101', 'second']);
    assert.deepEqual(await shown(await device('ann')), ['2101', 'second', 'third']);
  });
});

/** Of the chat, as its page shows it: texts, or the type of what is none. */
async function shown({ sdk }: SdkClient): Promise<string[]> {
  const { data } = await sdk.getAdvancedHistoryMessageList({ conversationID, startClientMsgID: '', count: 20 });
  return data.messageList.map((message) => message.textElem?.content ?? `${message.contentType}`);
}
