/** With whom a user talks, as chat lists show it (rest-core chapter, section 12). */
import type { Friend } from '../friends/friend.ts';
import type { FriendStore } from '../friends/friend-store.ts';
import { type Group, toGroupInfo } from '../groups/group.ts';
import type { GroupStore } from '../groups/group-store.ts';
import { AnswerBudget, readPieces } from '../kernel/answer-budget.ts';
import type { ConversationMsg, FriendInfoOnly, GroupInfo } from '../protocol/gen/openim.ts';
import { toUserInfo } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';

export interface ConversationPartnersOptions {
  readonly users: Pick<UserStore, 'find'>;
  readonly friends: Pick<FriendStore, 'find'>;
  readonly groups: Pick<GroupStore, 'findMany'>;
  /** Of groups; of those beyond it the names are shown. */
  readonly maxTextBytes: number;
}

export interface Partners {
  /** Who is registered, by ID; and whether the owner has the user as a friend. */
  readonly users: ReadonlyMap<string, Required<Pick<ConversationMsg, 'user' | 'friend'>>>;
  readonly groups: ReadonlyMap<string, GroupInfo>;
}

export class ConversationPartners {
  readonly #options: ConversationPartnersOptions;

  constructor(options: ConversationPartnersOptions) {
    this.#options = options;
  }

  async find(ownerUserID: string, userIDs: readonly string[], groupIDs: readonly string[]): Promise<Partners> {
    const { users, friends } = this.#options;
    const [found, friendRows, groups] = await Promise.all([
      userIDs.length === 0 ? [] : users.find(userIDs),
      userIDs.length === 0 ? [] : friends.find(ownerUserID, userIDs),
      this.#groups(groupIDs),
    ]);
    const friendByID = new Map(friendRows.map((friend) => [friend.friendUserID, toFriendInfo(friend)]));
    return {
      users: new Map(
        found.map((user) => [user.userID, { user: toUserInfo(user), friend: friendByID.get(user.userID) }]),
      ),
      groups: new Map(groups.map((group) => [group.groupID, toGroupInfo(group)])),
    };
  }

  #groups(groupIDs: readonly string[]): Promise<readonly Group[]> {
    const budget = new AnswerBudget(this.#options.maxTextBytes);
    return readPieces(groupIDs.length, 0, groupIDs.length, async (start, count) => {
      const found = await this.#options.groups.findMany(groupIDs.slice(start, start + count));
      // A chat list shows a name and a face; a group left out would have neither.
      return found.map((group) => (budget.takes(group) ? group : { ...group, ...withoutLongTexts }));
    });
  }
}

const withoutLongTexts = { notification: '', introduction: '', ex: '' };

function toFriendInfo(friend: Friend): FriendInfoOnly {
  return {
    ownerUserID: friend.ownerUserID,
    friendUserID: friend.friendUserID,
    remark: friend.remark,
    createTime: friend.createdAt,
    addSource: friend.addSource,
    operatorUserID: friend.operatorUserID,
    ex: friend.ex,
    isPinned: friend.isPinned,
  };
}
