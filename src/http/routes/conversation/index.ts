/** Every endpoint under /conversation, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import deleteConversations from './delete_conversations.ts';
import getAllConversations from './get_all_conversations.ts';
import getConversation from './get_conversation.ts';
import getConversations from './get_conversations.ts';
import getFullConversationIds from './get_full_conversation_ids.ts';
import getIncrementalConversations from './get_incremental_conversations.ts';
import getNotNotifyConversationIds from './get_not_notify_conversation_ids.ts';
import getOwnerConversation from './get_owner_conversation.ts';
import getPinnedConversationIds from './get_pinned_conversation_ids.ts';
import getSortedConversationList from './get_sorted_conversation_list.ts';
import setConversations from './set_conversations.ts';
import updateConversationsByUser from './update_conversations_by_user.ts';

export const conversationEndpoints: readonly Endpoint[] = [
  deleteConversations,
  getAllConversations,
  getConversation,
  getConversations,
  getFullConversationIds,
  getIncrementalConversations,
  getNotNotifyConversationIds,
  getOwnerConversation,
  getPinnedConversationIds,
  getSortedConversationList,
  setConversations,
  updateConversationsByUser,
];
