/** The tables as Kysely sees them. Booleans are 0/1 integers in both dialects; times are Unix ms. */
import type { Generated } from 'kysely';

export interface Schema {
  users: UsersTable;
  conversations: ConversationsTable;
  conversation_seqs: ConversationSeqsTable;
  group_calls: GroupCallsTable;
  read_seqs: ReadSeqsTable;
  messages: MessagesTable;
  message_revocations: MessageRevocationsTable;
  message_deletions: MessageDeletionsTable;
  message_reactions: MessageReactionsTable;
  message_edits: MessageEditsTable;
  sent_operations: SentOperationsTable;
  version_heads: VersionHeadsTable;
  version_entries: VersionEntriesTable;
  tokens: TokensTable;
  token_cutoffs: TokenCutoffsTable;
  token_ends: TokenEndsTable;
  token_end_cutoffs: TokenCutoffsTable;
  token_end_cutoffs_but_one: TokenCutoffsButOneTable;
  token_events: TokenEventsTable;
  client_configs: ClientConfigsTable;
  user_commands: UserCommandsTable;
  outbox: OutboxTable;
  leases: LeasesTable;
  settings_state: SettingsStateTable;
  settings: SettingsTable;
  settings_changes: SettingsChangesTable;
  client_logs: ClientLogsTable;
  job_runs: JobRunsTable;
  steady_clock: SteadyClockTable;
  deliveries: DeliveriesTable;
  delivery_keys: DeliveryKeysTable;
  told_online: ToldOnlineTable;
  friends: FriendsTable;
  friend_requests: FriendRequestsTable;
  blacks: BlacksTable;
  groups: GroupsTable;
  group_members: GroupMembersTable;
  group_requests: GroupRequestsTable;
  search_logs: SearchLogsTable;
  push_tokens: PushTokensTable;
  push_cutoffs: PushCutoffsTable;
  app_badges: AppBadgesTable;
  blobs: BlobsTable;
  objects: ObjectsTable;
  uploads: UploadsTable;
}

interface UsersTable {
  user_id: string;
  nickname: string;
  face_url: string;
  ex: string;
  created_at: number;
  app_manager_level: number;
  global_recv_msg_opt: number;
}

/** One row per (owner, conversation): the owner's settings and readable window. */
interface ConversationsTable {
  owner_user_id: string;
  conversation_id: string;
  conversation_type: number;
  user_id: string;
  group_id: string;
  recv_msg_opt: Generated<number>;
  is_pinned: Generated<number>;
  is_private_chat: Generated<number>;
  burn_duration: Generated<number>;
  group_at_type: Generated<number>;
  attached_info: Generated<string>;
  ex: Generated<string>;
  min_seq: Generated<number>;
  max_seq: Generated<number>;
  /** Where its messages are, if not under the conversation ID: see protocol/log-id.ts. */
  log_id: Generated<string>;
  msg_destruct_time: Generated<number>;
  latest_msg_destruct_time: Generated<number>;
  is_msg_destruct: Generated<number>;
  /** The newest seq when its owner deleted it: later messages bring it back. -1: not deleted. */
  deleted_seq: Generated<number>;
  /** Up to which call its owner has seen those of the group. */
  seen_calls: Generated<number>;
  /** The newest seq whose message its owner has deleted. */
  hidden_seq: Generated<number>;
  /** When messages that are to end are next looked for, Unix ms; 0: at once. Where is_msg_destruct is on. */
  destruct_due_at: Generated<number>;
  created_at: number;
}

/** What edited messages said before. */
interface MessageEditsTable {
  /** Of the log: see protocol/log-id.ts. */
  conversation_id: string;
  seq: number;
  /** Of the edit: 1 is the first. */
  version: number;
  /** What the edit has replaced. */
  earlier_text: string;
  edited_at: number;
}

/** What users have put to messages. */
interface MessageReactionsTable {
  /** Of the log: see protocol/log-id.ts. */
  conversation_id: string;
  seq: number;
  user_id: string;
  reaction: string;
  reacted_at: number;
}

/** One row per group in which everybody was ever called. Calls are numbered; 0: none. */
interface GroupCallsTable {
  group_id: string;
  /** How many there were: the number of the newest. */
  calls: number;
  /** The newest @all, who made it, and the newest before it by anybody else. */
  everyone_call: Generated<number>;
  everyone_by: Generated<string>;
  everyone_call_by_others: Generated<number>;
  announcement_call: Generated<number>;
}

/** One row per conversation that ever had a stored message: its counter, and the row lock that orders appends. */
interface ConversationSeqsTable {
  conversation_id: string;
  max_seq: number;
  min_seq: Generated<number>;
  /** When `max_seq` was last raised, Unix ms. */
  max_seq_at: number;
  /** The send time of the newest message, Unix ms; the next one's is no earlier. */
  last_sent_at: Generated<number>;
  /** The newest seq whose message was erased for everybody. */
  erased_seq: Generated<number>;
}

interface ReadSeqsTable {
  user_id: string;
  conversation_id: string;
  read_seq: number;
  /** Up to where the peer of a single chat has been told of the reading. */
  told_seq: Generated<number>;
}

interface MessagesTable {
  conversation_id: string;
  seq: number;
  send_id: string;
  client_msg_id: string;
  server_msg_id: string;
  sent_at: number;
  session_type: number;
  content_type: number;
  is_read: Generated<number>;
  /** Encoded MsgData, seq included: spliced into replies as it is. */
  body: Buffer;
}

/** Messages that were taken back: everybody sees who did it instead. */
interface MessageRevocationsTable {
  conversation_id: string;
  seq: number;
  revoker_id: string;
  revoker_nickname: string;
  revoker_role: number;
  revoked_at: number;
}

/** Messages that users have deleted for themselves. */
interface MessageDeletionsTable {
  conversation_id: string;
  seq: number;
  user_id: string;
}

/** Calls of back ends that have sent their message, for a day. */
interface SentOperationsTable {
  operation_id: string;
  sent_at: number;
}

/** The head of one version log (relations-groups chapter): what a client compares to know whether it is up to date. */
interface VersionHeadsTable {
  kind: string;
  owner_id: string;
  version_id: string;
  version: number;
}

interface VersionEntriesTable {
  kind: string;
  owner_id: string;
  item_id: string;
  /** 1 insert, 2 delete, 3 update. */
  state: number;
  version: number;
}

/** Texts for clients to read. */
interface ClientConfigsTable {
  config_key: string;
  /** '' is everybody. */
  user_id: string;
  value: string;
}

/** Records that users keep. */
interface UserCommandsTable {
  user_id: string;
  type: number;
  uuid: string;
  value: string;
  ex: string;
  created_at: number;
}

interface TokensTable {
  jti: string;
  user_id: string;
  platform_id: number;
  /** live, superseded, kicked or revoked. */
  state: string;
  reason: string;
  issued_at: number;
  expires_at: number;
  /** A superseded admin token is accepted until then; 0 otherwise. */
  accepted_until: number;
  /** Ties within one millisecond: the order of issue for one user. */
  issue_order: number;
  device_name: string;
  /** Unix ms, to about a minute; 0 if never. */
  last_seen_at: Generated<number>;
  /** Unix ms: the login that a renewed token goes back to; 0: its own issue. */
  login_at: Generated<number>;
  /** jti of the token that has taken the place of one that was renewed, and its end in Unix ms; empty and 0 otherwise. */
  successor: Generated<string>;
  successor_expires_at: Generated<number>;
  /** Of the signing key: see keyMark; empty: nobody noted it. */
  key_mark: Generated<string>;
}

/** Tokens issued before `not_before` are revoked. */
/** What ended tokens before their time, where the tokens themselves are in Redis. */
interface TokenEndsTable {
  user_id: string;
  jti: string;
  platform_id: number;
  /** superseded, kicked or revoked. */
  state: string;
  reason: string;
  issued_at: number;
  expires_at: number;
  accepted_until: number;
  /** These as in `tokens`. */
  key_mark: Generated<string>;
  login_at: Generated<number>;
  successor: Generated<string>;
  successor_expires_at: Generated<number>;
}

interface TokenCutoffsTable {
  /** Empty: everyone. */
  user_id: string;
  /** 0: every platform. */
  platform_id: number;
  not_before: number;
  /** When no token from before the cutoff can be unexpired any more. */
  keep_until: number;
}

interface TokenCutoffsButOneTable extends TokenCutoffsTable {
  /** The jti that it does not mean. */
  spares: string;
}

/** The audit trail of tokens, capped: the oldest rows go. */
interface TokenEventsTable {
  id: Generated<number>;
  at: number;
  kind: string;
  user_id: string;
  platform_id: number;
  jti: string;
  /** Who did it: a user ID, empty for the server itself. */
  actor: string;
  reason: string;
  operation_id: string;
}

/** What committed changes still have to cause; rows go when they are worked off. */
interface OutboxTable {
  id: Generated<number>;
  topic: string;
  item_key: string;
  payload: string;
  created_at: number;
}

/** Who does what runs by the clock. */
interface LeasesTable {
  name: string;
  holder: string;
  /** Rises with every holder. */
  fence: number;
  held_until: number;
}

/** Where clients have put their logs. */
interface ClientLogsTable {
  log_id: string;
  user_id: string;
  created_at: number;
  platform: string;
  url: string;
  filename: string;
  app_framework: string;
  version: string;
  ex: string;
}

/** One row: the version of the settings that were changed at run time, and how often the nodes were told to restart. */
interface SettingsStateTable {
  id: number;
  version: number;
  /** 0 or 1. */
  is_enabled: number;
  restarts: number;
}

/** Settings that were changed at run time, as JSON. */
interface SettingsTable {
  name: string;
  value: string;
}

interface SettingsChangesTable {
  version: number;
  /** Empty: of is_enabled. */
  name: string;
  before: string;
  after: string;
  at: number;
  user_id: string;
  operation_id: string;
}

/** The last run of each job. */
interface JobRunsTable {
  name: string;
  started_at: number;
  /** 0: not yet. */
  ended_at: number;
  outcome: 'running' | 'done' | 'failed' | '';
  failure: string;
  /** In a row. */
  failures: number;
  done: number;
  holder: string;
  /** 0: nobody asks for a run beside the schedule. */
  requested_at: number;
}

/** One row: since when the servers' clocks go steadily, and when one was last looked at. */
interface SteadyClockTable {
  id: number;
  since: number;
  seen_at: number;
}

/** One row per direction: `friend_user_id` is in the list of `owner_user_id`. */
interface FriendsTable {
  owner_user_id: string;
  friend_user_id: string;
  remark: Generated<string>;
  ex: Generated<string>;
  is_pinned: Generated<number>;
  add_source: number;
  operator_user_id: string;
  created_at: number;
  /** Rises with every friend that the owner gets. */
  position: number;
}

interface FriendRequestsTable {
  from_user_id: string;
  to_user_id: string;
  /** 0 pending, 1 agreed, -1 refused. */
  handle_result: number;
  req_msg: string;
  ex: string;
  created_at: number;
  handler_user_id: Generated<string>;
  handle_msg: Generated<string>;
  /** 0 until it is handled for the first time. */
  handled_at: Generated<number>;
}

interface BlacksTable {
  owner_user_id: string;
  blocked_user_id: string;
  operator_user_id: string;
  ex: Generated<string>;
  created_at: number;
  /** Rises with every user whom the owner blocks. */
  position: number;
}

/** The row lock that orders the changes of a group and of its members. */
interface GroupsTable {
  group_id: string;
  name: string;
  /** The announcement. */
  notification: string;
  introduction: string;
  face_url: string;
  ex: string;
  created_at: number;
  /** 0 normal, 1 banned, 2 dismissed, 3 muted. */
  status: number;
  creator_user_id: string;
  group_type: number;
  need_verification: number;
  look_member_info: number;
  apply_member_friend: number;
  notification_updated_at: number;
  notification_user_id: string;
  /** Of the member with role 100; empty once the group is dismissed. */
  owner_user_id: string;
  /** Rows of the group in group_members. */
  member_count: number;
}

interface GroupMembersTable {
  group_id: string;
  user_id: string;
  /** 100 owner, 60 admin, 20 member. */
  role_level: number;
  /** Of the member in this group; empty: that of the profile. */
  nickname: Generated<string>;
  face_url: Generated<string>;
  ex: Generated<string>;
  joined_at: number;
  join_source: number;
  operator_user_id: string;
  inviter_user_id: string;
  /** May not speak before then, Unix ms; 0 never muted. */
  muted_until: Generated<number>;
}

interface GroupRequestsTable {
  group_id: string;
  user_id: string;
  /** 0 pending, 1 agreed, -1 refused. */
  handle_result: number;
  req_msg: string;
  ex: string;
  join_source: number;
  /** Who asked for the user; empty if the user did. */
  inviter_user_id: string;
  requested_at: number;
  handler_user_id: Generated<string>;
  handle_msg: Generated<string>;
  handled_at: Generated<number>;
}

/** Which messages of a log are in the index of words, which each engine has in a form of its own. */
interface SearchLogsTable {
  log_no: Generated<number>;
  log_id: string;
  indexed_seq: number;
}

/** Where the device of a user's platform is woken. */
interface PushTokensTable {
  user_id: string;
  platform_id: number;
  provider: string;
  token: string;
  topic: string;
  environment: string;
  /** Of the login token by which it was registered. */
  jti: string;
  registered_at: number;
  /** When that login began; 0 if nobody noted it. */
  login_at: Generated<number>;
  /** 0: does not expire. */
  expires_at: number;
}

/** A cutoff of everybody, until all devices of the logins that it has ended are deleted. */
interface PushCutoffsTable {
  /** 0 for all. */
  platform_id: number;
  not_before: number;
  /** The key of a device: what is up to there has been dealt with. */
  done_user_id: Generated<string>;
  done_platform_id: Generated<number>;
}

/** What a user's application shows on its icon. */
interface AppBadgesTable {
  user_id: string;
  count: number;
}

/** What the world outside is to hear; see deliveries/delivery-store.ts. */
interface DeliveriesTable {
  id: Generated<number>;
  topic: string;
  item_key: string;
  delivery_id: string;
  payload: string;
  created_at: number;
  attempts: Generated<number>;
  failure: Generated<string>;
  /** Unix ms; null while it is open. */
  parked_at: number | null;
  /** 1 if it was parked before. */
  is_replayed: Generated<number>;
}

/** Keys with open rows, and who works them off. */
interface DeliveryKeysTable {
  topic: string;
  item_key: string;
  due_at: number;
  held_until: Generated<number>;
  /** Random for every claim. */
  fence: Generated<string>;
}

/** The row lock that orders who names a blob and who deletes it. */
interface BlobsTable {
  blob_key: string;
  engine: string;
  /** Of its content (objects chapter, 1.2); empty where nobody has said it. */
  hash: string;
  size: number;
  created_at: number;
  /** 0 while a record names it. */
  unused_since: number;
  /** Not 0: it is being deleted, and nothing may name it any more. */
  doomed_at: number;
}

interface ObjectsTable {
  name: string;
  engine: string;
  blob_key: string;
  size: number;
  content_type: string;
  object_group: string;
  /** Who uploaded it. */
  owner_user_id: string;
  created_at: number;
}

interface UploadsTable {
  id: string;
  /** Signs what may be sent for it. */
  secret: string;
  user_id: string;
  name: string;
  hash: string;
  size: number;
  part_size: number;
  content_type: string;
  object_group: string;
  /** Where its content goes. */
  blob_key: string;
  engine: string;
  /** What the engine itself calls it. */
  engine_ref: string;
  /** `parts` or `form`. */
  kind: string;
  /** The name of its object once it is complete. */
  completed_as: string;
  created_at: number;
  expires_at: number;
}

export interface ToldOnlineTable {
  user_id: string;
  platform_id: number;
  conn_id: string;
}
