/**
 * Every bound on what a client may send, store, hold open or make us hold: each a setting like any other, each in the
 * table of docs/limits.md, each held by a test at its edge and one beyond whose titles begin with `limit <key>:`.
 */
import { widestBounds } from '../protocol/bounds.ts';
import type { IntegerOption } from './options.ts';

/** A limit among the options. */
export interface LimitOption extends IntegerOption {
  readonly minimum: number;
  readonly unit: 'bytes' | 'characters' | 'items' | 'ms' | 's';
  /** What happens beyond it: an error code, a close code, or in words. */
  readonly beyond: string;
}

const limit = (
  description: string,
  byDefault: number,
  { unit, beyond, minimum = 1, maximum = Number.MAX_SAFE_INTEGER }: LimitTraits,
): LimitOption => ({ kind: 'integer', default: byDefault, minimum, maximum, unit, beyond, description });

/** One that is read where it is used. See {@link IntegerOption.atRunTime}. */
const atRunTime = (option: LimitOption): LimitOption & { readonly atRunTime: true } => ({ ...option, atRunTime: true });

interface LimitTraits extends Pick<LimitOption, 'unit' | 'beyond'> {
  readonly minimum?: number;
  readonly maximum?: number;
}

export const limits = {
  maxConnections: limit('Open sockets of the gateway, those in their handshake included.', 100_000, {
    unit: 'items',
    beyond: '1601',
  }),
  maxSocketsPerToken: limit('Open sockets of one token: tabs of a browser share one.', 16, {
    unit: 'items',
    beyond: 'the oldest is closed with 1008',
  }),
  maxSocketsPerUser: limit('Open sockets of one user.', 128, {
    unit: 'items',
    beyond: 'the oldest is closed with 1008',
  }),
  maxHandshakesPerAddress: limit(
    'Handshakes of one address whose token has not been checked; 0 is no limit. Does not hold for what a proxy forwards that is not among trustedProxies.',
    0,
    { unit: 'items', beyond: '1601', minimum: 0 },
  ),
  maxFrameBytes: limit('A message of a client on the wire.', 51_200, {
    unit: 'bytes',
    beyond: 'the socket is closed with 1009',
    minimum: 1024,
  }),
  maxInflatedBytes: limit('The same after gunzip: a message of maxMessageBytes in base64 has room.', 256 * 1024, {
    unit: 'bytes',
    beyond: 'the socket is closed with 1002',
    minimum: 1024,
  }),
  maxWaitingRequests: limit('Requests of one socket in line.', 16, { unit: 'items', beyond: 'the socket is not read' }),
  maxInboundBytesPerUser: limit('Requests of one user that have been read and not been answered.', 4 * 1024 * 1024, {
    unit: 'bytes',
    beyond: "the user's sockets are not read",
  }),
  maxInboundBytes: limit('The same for all users together.', 256 * 1024 * 1024, {
    unit: 'bytes',
    beyond: 'sockets are not read',
  }),
  maxQueuedBytes: limit('What one socket is sent and does not read.', 8 * 1024 * 1024, {
    unit: 'bytes',
    beyond: 'the socket is cut off',
  }),
  maxQueuedFrames: limit('The same in frames.', 8192, { unit: 'items', beyond: 'the socket is cut off' }),
  maxStuckSeconds: limit('Time in which nothing leaves of what one socket is sent.', 20, {
    unit: 's',
    beyond: 'the socket is cut off',
  }),
  maxSubscriptions: limit('Users whose coming and going one socket wants to hear of.', 5000, {
    unit: 'items',
    beyond: '1001',
  }),
  maxSubscriptionsPerUser: limit('The same for all sockets of one user together.', 20_000, {
    unit: 'items',
    beyond: '1001',
  }),
  maxIdBytes: limit('An ID of any kind in a request, in UTF-8, and a key of a map.', widestBounds.maxIdBytes, {
    unit: 'bytes',
    beyond: '1001',
    minimum: 64,
    maximum: widestBounds.maxIdBytes,
  }),
  maxListItems: limit(
    'Elements of one list or object of a request; in protobuf, about as many in all its lists.',
    widestBounds.maxListItems,
    {
      unit: 'items',
      beyond: '1001',
      minimum: 100,
      maximum: widestBounds.maxListItems,
    },
  ),
  maxUnknownEnds: limit('Tokens of one user that were revoked by their `jti` while Redis did not know them.', 100, {
    unit: 'items',
    beyond: '1001',
  }),
  maxDeviceNameLength: limit('The label of a token in lists (`deviceName`).', 64, {
    unit: 'characters',
    beyond: '1001',
    maximum: 256,
  }),
  maxNicknameBytes: atRunTime(limit("A user's nickname.", 256, { unit: 'bytes', beyond: '1001' })),
  maxFaceUrlBytes: atRunTime(limit("The address of a user's picture.", 2048, { unit: 'bytes', beyond: '1001' })),
  maxExBytes: atRunTime(
    limit("The application's own text (`ex`) of a user or of a user's record.", 8192, {
      unit: 'bytes',
      beyond: '1001',
    }),
  ),
  maxUserCommands: atRunTime(
    limit('Records that one user keeps (user commands).', 1000, { unit: 'items', beyond: '1001' }),
  ),
  maxUserCommandBytes: atRunTime(limit('The value of one such record.', 64 * 1024, { unit: 'bytes', beyond: '1001' })),
  userCommandsQuotaBytes: atRunTime(
    limit('Values and `ex` of all such records of one user.', 2 * 1024 * 1024, {
      unit: 'bytes',
      beyond: '1001',
    }),
  ),
  maxFriends: atRunTime(
    limit('Friends of one user. The Go core reads no more than 10 000 of them.', 10_000, {
      unit: 'items',
      beyond: '1001',
    }),
  ),
  maxBlacks: atRunTime(limit('Users whom one user blocks.', 10_000, { unit: 'items', beyond: '1001' })),
  maxRequestMsgBytes: atRunTime(
    limit('What is said with a request to be friends or to join, and in answer to one.', 2048, {
      unit: 'bytes',
      beyond: '1001',
    }),
  ),
  maxClientConfigs: atRunTime(
    limit("Settings for one user's clients, or for everybody's.", 1000, {
      unit: 'items',
      beyond: '1001',
    }),
  ),
  maxClientConfigBytes: atRunTime(
    limit('The value of one such setting.', 64 * 1024, { unit: 'bytes', beyond: '1001' }),
  ),
  clientConfigsQuotaBytes: atRunTime(
    limit('All such values for one user, or for everybody.', 1024 * 1024, {
      unit: 'bytes',
      beyond: '1001',
    }),
  ),
  maxClientLogs: atRunTime(
    limit('Files of logs that are known of one user.', 200, { unit: 'items', beyond: 'the oldest go' }),
  ),
  maxClientLogFiles: atRunTime(limit('Files of one upload of logs.', 20, { unit: 'items', beyond: '1001' })),
  maxClientLogTextBytes: atRunTime(
    limit('Its URL, its name, and what is said of the application that wrote it.', 2048, {
      unit: 'bytes',
      beyond: '1001',
    }),
  ),
  maxPageItems: atRunTime(limit('Rows of one page of settings for clients.', 1000, { unit: 'items', beyond: '1001' })),
  maxAnswerBytes: atRunTime(
    limit(
      "Stored texts in one answer that lists users, users' records, settings, friends, or groups with what belongs to them: of groups a hundred always fit, of friends two.",
      4 * 1024 * 1024,
      {
        unit: 'bytes',
        beyond: '1001; of records and changes of members, those that fit; other changes are `full`',
      },
    ),
  ),
  maxGroupTextBytes: atRunTime(
    limit("A group's announcement, and its introduction.", 16 * 1024, {
      unit: 'bytes',
      beyond: '1001',
    }),
  ),
  maxGroupMembers: atRunTime(limit('Members of one group.', 100_000, { unit: 'items', beyond: '1001' })),
  maxJoinedGroups: atRunTime(limit('Groups that one user is in.', 10_000, { unit: 'items', beyond: '1001' })),
  maxConversationTextBytes: atRunTime(
    limit('Each of `ex` and `attachedInfo` of a conversation, as its owner keeps it.', 2048, {
      unit: 'bytes',
      beyond: '1001',
    }),
  ),
  maxSearchedMessages: atRunTime(
    limit('Messages that one search of an admin looks at.', 50_000, {
      unit: 'items',
      beyond: 'it says where to go on (`nextCursor`), and the total counts those found so far',
    }),
  ),
  maxSearchPieces: atRunTime(
    limit('Stretches of up to 4096 messages of one conversation that one search of a user looks through.', 200, {
      unit: 'items',
      beyond: 'it says where to go on (`nextCursor`)',
    }),
  ),
  maxKeywordBytes: atRunTime(limit('What messages are searched for.', 256, { unit: 'bytes', beyond: '1001' })),
  maxMessageBytes: atRunTime(
    limit('One message: the encoded MsgData as its sender gave it, unpacked.', 131_072, {
      unit: 'bytes',
      beyond: '1001',
      minimum: 4096,
      maximum: 524_288,
    }),
  ),
  maxMentions: atRunTime(
    limit('Users whom one message names with @, everybody counted as one.', 1000, {
      unit: 'items',
      beyond: '1001',
      minimum: 1,
      maximum: 1000,
    }),
  ),
  maxReactionBytes: atRunTime(
    limit('A reaction to a message, in UTF-8.', 64, { unit: 'bytes', beyond: '1001', maximum: 1024 }),
  ),
  maxReactionsPerUser: atRunTime(
    limit('Reactions of one user to one message.', 8, {
      unit: 'items',
      beyond: '1001',
      maximum: 1000,
    }),
  ),
  maxReactionsPerMessage: atRunTime(
    limit('Reactions of all users to one message.', 1000, {
      unit: 'items',
      beyond: '1001',
      maximum: 10_000,
    }),
  ),
  maxEdits: atRunTime(limit('Edits of one message.', 20, { unit: 'items', beyond: '1001', maximum: 1000 })),
  maxReceiptMembers: atRunTime(
    limit('Members of a group that tells who has read a message.', 1000, {
      unit: 'items',
      beyond: '1001',
      maximum: 10_000,
    }),
  ),
  maxSeqs: atRunTime(
    limit('Messages of whose reactions or readers one call asks.', 100, {
      unit: 'items',
      beyond: '1001',
      maximum: 1000,
    }),
  ),
  maxPushTokenBytes: atRunTime(
    limit('What a push service gave a device of a user, by which it is woken.', 4096, {
      unit: 'bytes',
      beyond: '1001',
      minimum: 64,
      maximum: 8192,
    }),
  ),
  pushResultsWithinMs: limit(
    'How long nodes have to say whose phones took a message, before it wakes the others offline.',
    3000,
    { unit: 'ms', beyond: 'it counts as not delivered there' },
  ),
  maxPushResults: limit(
    'Users whose phones took messages of late, and those messages, that one process keeps in mind to wake the others offline.',
    200_000,
    { unit: 'items', beyond: 'the oldest are forgotten: whose phone is connected then is not woken' },
  ),
  maxPushAgeMs: limit('The age of a message that no push service could take.', 3_600_000, {
    unit: 'ms',
    beyond: 'it wakes nobody any more',
  }),
  maxWaitingPushes: limit('Messages that wait to wake somebody offline, as last counted.', 100_000, {
    unit: 'items',
    beyond: 'further ones wake nobody',
  }),
  maxReplyFrameBytes: limit(
    'A reply over the socket, on the wire in any codec. The Go core ends its connection at more than 1 MiB, for ever.',
    1_048_576,
    {
      unit: 'bytes',
      beyond: 'the oldest messages are left out, newest ones shortened',
      minimum: 1_048_576,
    },
  ),
  maxBodyBytes: atRunTime(
    limit('The body of a REST call by a user, and of most by an admin.', 256 * 1024, {
      unit: 'bytes',
      beyond: '1001',
      minimum: 4096,
    }),
  ),
  maxAdminBodyBytes: atRunTime(
    limit(
      'The body of a REST call by an admin, where back ends send long lists: registering users, for one.',
      8 * 1024 * 1024,
      {
        unit: 'bytes',
        beyond: '1001',
        minimum: 4096,
      },
    ),
  ),
  maxPublicBodyBytes: limit('The body of a REST call that needs no token.', 64 * 1024, {
    unit: 'bytes',
    beyond: '1001',
    minimum: 4096,
  }),
  maxFileBytes: limit('A file.', 5 * 1024 * 1024 * 1024, { unit: 'bytes', beyond: '1001' }),
  filesQuotaBytes: limit('All files of one user, those under way included; admins have none.', 100 * 1024 ** 3, {
    unit: 'bytes',
    beyond: '1001',
  }),
  maxFileBytesPerDay: limit('Files whose upload one user begins within 24 hours; admins have none.', 50 * 1024 ** 3, {
    unit: 'bytes',
    beyond: '1001',
  }),
  maxOpenUploads: limit('Uploads of one user that are begun and neither complete nor a week old.', 1000, {
    unit: 'items',
    beyond: '1001',
  }),
  maxFileBodies: limit('Parts of files that are read at once, where they are kept in a directory.', 256, {
    unit: 'items',
    beyond: 'the others wait unread',
  }),
  maxFileBodiesPerUser: limit('The same of one user.', 16, { unit: 'items', beyond: 'the others wait unread' }),
  maxWaitingFileBodies: limit('Parts of files that wait for that.', 4096, { unit: 'items', beyond: 'HTTP 503' }),
  maxThumbnailSourceBytes: limit('A picture of which a thumbnail is made.', 32 * 1024 * 1024, {
    unit: 'bytes',
    beyond: 'the original',
    maximum: 1024 * 1024 * 1024,
  }),
  maxThumbnailPixels: limit('Width times height of such a picture.', 25 * 1024 * 1024, {
    unit: 'items',
    beyond: 'the original',
  }),
  maxThumbnails: limit('Thumbnails that are made at once.', 2, {
    unit: 'items',
    beyond: 'the others wait',
    maximum: 64,
  }),
  maxWaitingThumbnails: limit('Thumbnails that wait for that.', 32, { unit: 'items', beyond: 'the original' }),
  maxWrongSecretsPerMinute: limit(
    'Wrong secrets of one address, or of one caller who has proved a secret of late.',
    10,
    { unit: 'items', beyond: '429' },
  ),
  maxBodyBytesInFlight: limit(
    'Bodies that the API port holds: of requests until they are answered, of answers until they are read.',
    128 * 1024 * 1024,
    { unit: 'bytes', beyond: '429; 1001 for one answer that is larger by itself', minimum: 1024 * 1024 },
  ),
  maxBodyBytesInFlightPerUser: limit(
    'The same of one user who is no admin, or of one address for calls without a token.',
    16 * 1024 * 1024,
    { unit: 'bytes', beyond: '429; 1001 for one answer that is larger by itself', minimum: 1024 * 1024 },
  ),
} as const;

/** Of two limits that bound the same bytes, the wider must have room for the narrower, or that one could not be used. */
export const widerLimits: readonly {
  readonly wider: keyof typeof limits;
  readonly narrower: keyof typeof limits;
  /** What the narrower one's bytes come to where the wider counts them; the same unless given. */
  readonly sizeOf?: (bytes: number) => number;
}[] = [
  { wider: 'maxInflatedBytes', narrower: 'maxMessageBytes', sizeOf: framedBytes },
  { wider: 'maxInflatedBytes', narrower: 'maxFrameBytes' },
  { wider: 'maxInboundBytes', narrower: 'maxInboundBytesPerUser' },
  { wider: 'maxQueuedBytes', narrower: 'maxReplyFrameBytes' },
  { wider: 'userCommandsQuotaBytes', narrower: 'maxUserCommandBytes' },
  { wider: 'clientConfigsQuotaBytes', narrower: 'maxClientConfigBytes' },
  { wider: 'maxAdminBodyBytes', narrower: 'maxBodyBytes' },
  { wider: 'maxBodyBytesInFlight', narrower: 'maxAdminBodyBytes' },
  { wider: 'maxBodyBytesInFlight', narrower: 'maxBodyBytesInFlightPerUser' },
  { wider: 'maxBodyBytesInFlightPerUser', narrower: 'maxBodyBytes' },
];

/** A message in a JSON frame: in base64, with the frame's other fields. */
function framedBytes(messageBytes: number): number {
  return Math.ceil(messageBytes / 3) * 4 + 1024;
}
