/** Every endpoint under /jssdk, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import getActiveConversations from './get_active_conversations.ts';
import getConversations from './get_conversations.ts';

export const jssdkEndpoints: readonly Endpoint[] = [getActiveConversations, getConversations];
