/** Every endpoint under /msg, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import addReaction from './add_reaction.ts';
import batchSendMsg from './batch_send_msg.ts';
import checkMsgIsSendSuccess from './check_msg_is_send_success.ts';
import clearConversationMsg from './clear_conversation_msg.ts';
import deleteMsgPhsicalBySeq from './delete_msg_phsical_by_seq.ts';
import deleteMsgPhysical from './delete_msg_physical.ts';
import deleteMsgs from './delete_msgs.ts';
import editMessage from './edit_message.ts';
import getConversationsHasReadAndMaxSeq from './get_conversations_has_read_and_max_seq.ts';
import getGroupReadCounts from './get_group_read_counts.ts';
import getGroupReaders from './get_group_readers.ts';
import getMessageEdits from './get_message_edits.ts';
import getReactionUsers from './get_reaction_users.ts';
import getReactions from './get_reactions.ts';
import getServerTime from './get_server_time.ts';
import markConversationAsRead from './mark_conversation_as_read.ts';
import markMsgsAsRead from './mark_msgs_as_read.ts';
import newestSeq from './newest_seq.ts';
import pullMsgBySeq from './pull_msg_by_seq.ts';
import removeReaction from './remove_reaction.ts';
import revokeMsg from './revoke_msg.ts';
import searchMsg from './search_msg.ts';
import searchMyMsg from './search_my_msg.ts';
import sendBusinessNotification from './send_business_notification.ts';
import sendMsg from './send_msg.ts';
import sendSimpleMsg from './send_simple_msg.ts';
import setConversationHasReadSeq from './set_conversation_has_read_seq.ts';
import userClearAllMsg from './user_clear_all_msg.ts';

export const msgEndpoints: readonly Endpoint[] = [
  checkMsgIsSendSuccess,
  getConversationsHasReadAndMaxSeq,
  markConversationAsRead,
  markMsgsAsRead,
  newestSeq,
  pullMsgBySeq,
  sendMsg,
  sendSimpleMsg,
  sendBusinessNotification,
  getServerTime,
  batchSendMsg,
  setConversationHasReadSeq,
  searchMsg,
  searchMyMsg,
  revokeMsg,
  deleteMsgs,
  deleteMsgPhsicalBySeq,
  deleteMsgPhysical,
  clearConversationMsg,
  userClearAllMsg,
  addReaction,
  removeReaction,
  getReactions,
  getReactionUsers,
  getGroupReadCounts,
  getGroupReaders,
  editMessage,
  getMessageEdits,
];
