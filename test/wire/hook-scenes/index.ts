/** Every call that fires hooks, in the order in which each finds what the ones before have made. */
import type { Scene } from '../hook-world.ts';
import { connectionScenes } from './connections.ts';
import { conversationScenes } from './conversations.ts';
import { friendScenes } from './friends.ts';
import { groupEndScenes, groupScenes } from './groups.ts';
import { messageScenes } from './messages.ts';
import { pushScenes } from './pushes.ts';
import { tokenEndScenes, tokenScenes } from './tokens.ts';
import { userScenes } from './users.ts';

/** Of a server on which all hooks are on but those of pushes. */
export const scenes: readonly Scene[] = [
  ...[...userScenes, ...friendScenes, ...groupScenes, ...messageScenes],
  ...[...conversationScenes, ...connectionScenes, ...tokenScenes],
];

/** All, wherever they are played. */
export const allScenes: readonly Scene[] = [...scenes, ...groupEndScenes, ...tokenEndScenes, ...pushScenes];
