/**
 * Every hook: its key in the file, the command that names it on the wire, and whether it is asked before something happens
 * or told of it afterwards. Protocol: objects-push-webhooks.md 3.4 to 3.9; those of tokens are ours.
 */

export interface Hook {
  readonly command: string;
  readonly when: 'before' | 'after';
  /** Whether `deniedTypes`, and `attentionIds` of an after-hook, hold for it. */
  readonly isFiltered?: true;
}

const before = (name: string): Hook => ({ command: `callbackBefore${name}Command`, when: 'before' });
const after = (name: string): Hook => ({ command: `callbackAfter${name}Command`, when: 'after' });
const filtered = (hook: Hook): Hook => ({ ...hook, isFiltered: true });

/** 3.8, and 3.9 of groups */
const groupHooks = {
  beforeCreateGroup: before('CreateGroup'),
  afterCreateGroup: after('CreateGroup'),
  beforeMemberJoinGroup: before('MembersJoinGroup'),
  beforeInviteUserToGroup: before('InviteJoinGroup'),
  beforeApplyJoinGroup: before('JoinGroup'),
  afterJoinGroup: after('JoinGroup'),
  afterQuitGroup: after('QuitGroup'),
  afterKickGroupMember: after('KickGroup'),
  afterDismissGroup: after('DisMissGroup'),
  afterTransferGroupOwner: after('TransferGroupOwner'),
  beforeSetGroupInfo: before('SetGroupInfo'),
  afterSetGroupInfo: after('SetGroupInfo'),
  beforeSetGroupInfoEx: before('SetGroupInfoEx'),
  afterSetGroupInfoEx: after('SetGroupInfoEx'),
  beforeSetGroupMemberInfo: before('SetGroupMemberInfo'),
  afterSetGroupMemberInfo: after('SetGroupMemberInfo'),
  beforeCreateGroupChatConversations: before('CreateGroupChatConversations'),
  afterCreateGroupChatConversations: after('CreateGroupChatConversations'),
} as const satisfies Record<string, Hook>;

export const hookTable = {
  // 3.4 Messages
  beforeSendSingleMsg: filtered(before('SendSingleMsg')),
  afterSendSingleMsg: filtered(after('SendSingleMsg')),
  beforeSendGroupMsg: filtered(before('SendGroupMsg')),
  afterSendGroupMsg: filtered(after('SendGroupMsg')),
  beforeMsgModify: filtered(before('MsgModify')),
  afterMsgSaveDB: filtered(after('MsgSaveDB')),
  afterSingleMsgRead: after('SingleMsgRead'),
  afterGroupMsgRead: after('GroupMsgRead'),
  // As OpenIM spells it.
  afterRevokeMsg: { command: 'callbackBeforeAfterMsgCommand', when: 'after' },
  // 3.5 Pushes and connections
  beforeOnlinePush: before('OnlinePush'),
  beforeGroupOnlinePush: before('GroupOnlinePush'),
  beforeOfflinePush: before('OfflinePush'),
  afterUserOnline: after('UserOnline'),
  afterUserOffline: after('UserOffline'),
  afterUserKickOff: after('UserKickOff'),
  // 3.6 Users
  beforeUserRegister: before('UserRegister'),
  afterUserRegister: after('UserRegister'),
  beforeUpdateUserInfo: before('UpdateUserInfo'),
  afterUpdateUserInfo: after('UpdateUserInfo'),
  beforeUpdateUserInfoEx: before('UpdateUserInfoEx'),
  afterUpdateUserInfoEx: after('UpdateUserInfoEx'),
  // 3.7 Relations
  beforeAddFriend: before('AddFriend'),
  afterAddFriend: after('AddFriend'),
  beforeAddFriendAgree: before('AddFriendAgree'),
  afterAddFriendAgree: after('AddFriendAgree'),
  afterDeleteFriend: after('DeleteFriend'),
  beforeSetFriendRemark: before('SetFriendRemark'),
  afterSetFriendRemark: after('SetFriendRemark'),
  beforeImportFriends: before('ImportFriends'),
  afterImportFriends: after('ImportFriends'),
  beforeAddBlack: before('AddBlack'),
  afterRemoveBlack: after('RemoveBlack'),
  ...groupHooks,
  // 3.9 Conversations of two
  beforeCreateSingleChatConversations: before('CreateSingleChatConversations'),
  afterCreateSingleChatConversations: after('CreateSingleChatConversations'),
  // Tokens: ours
  afterTokenIssued: after('TokenIssued'),
  afterTokenRenewed: after('TokenRenewed'),
  afterTokenKicked: after('TokenKicked'),
  afterTokenRevoked: after('TokenRevoked'),
  afterTokenExpired: after('TokenExpired'),
  afterTokenRefused: after('TokenRefused'),
} as const satisfies Record<string, Hook>;

export type HookName = keyof typeof hookTable;

export const groupHookNames = Object.keys(groupHooks) as (keyof typeof groupHooks)[];

export const hookNames = Object.keys(hookTable) as HookName[];
