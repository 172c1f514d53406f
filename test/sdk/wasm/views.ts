/** What an app shows of the SDK's data. */
import type { WasmClient } from '../../support/wasm-client.ts';
import { conversationID } from './stage.ts';

/** The conversation list, newest first. */
export async function list(client: WasmClient) {
  return (await client.call('getAllConversationList')).map(({ conversationID, userID, unreadCount, latestMsg }) => ({
    conversationID,
    userID,
    unreadCount,
    latest: JSON.parse(latestMsg).textElem?.content,
  }));
}

/** The newest messages of alice and bob, oldest first. */
export async function messages(client: WasmClient, count = 20) {
  const { messageList } = await client.call('getAdvancedHistoryMessageList', {
    conversationID,
    startClientMsgID: '',
    count,
    viewType: 0,
  });
  return messageList;
}
