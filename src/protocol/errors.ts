/**
 * The one table of protocol errors, and the exception that carries one of them to a client.
 * Protocol: rest-core.md 4, websocket.md 1.6 and 11.
 */

/** One row of the table: what goes on the wire, and whether the same request may succeed when tried again. */
export interface ErrorKind {
  readonly code: number;
  readonly errMsg: string;
  readonly retryable: boolean;
}

/** Every error that Tessera raises itself. Texts are exactly OpenIM's; clients decide by the code alone. */
export const errorTable = {
  rateLimited: { code: 429, errMsg: 'too many requests, please try again later', retryable: true },
  internal: { code: 500, errMsg: 'ServerInternalError', retryable: true },

  args: { code: 1001, errMsg: 'ArgsError', retryable: false },
  noPermission: { code: 1002, errMsg: 'NoPermissionError', retryable: false },
  duplicateKey: { code: 1003, errMsg: 'DuplicateKeyError', retryable: false },
  recordNotFound: { code: 1004, errMsg: 'RecordNotFoundError', retryable: false },

  userIDNotFound: { code: 1101, errMsg: 'UserIDNotFoundError', retryable: false },
  registeredAlready: { code: 1102, errMsg: 'RegisteredAlreadyError', retryable: false },

  groupIDNotFound: { code: 1201, errMsg: 'GroupIDNotFoundError', retryable: false },
  groupIDExisted: { code: 1202, errMsg: 'GroupIDExisted', retryable: false },
  notInGroupYet: { code: 1203, errMsg: 'NotInGroupYetError', retryable: false },
  dismissedAlready: { code: 1204, errMsg: 'DismissedAlreadyError', retryable: false },
  groupTypeNotSupported: { code: 1205, errMsg: '', retryable: false },
  groupRequestHandled: { code: 1206, errMsg: 'GroupRequestHandled', retryable: false },

  cannotAddYourself: { code: 1301, errMsg: 'CanNotAddYourselfError', retryable: false },
  blockedByPeer: { code: 1302, errMsg: 'BlockedByPeer', retryable: false },
  notPeersFriend: { code: 1303, errMsg: 'NotPeersFriend', retryable: false },
  relationshipAlready: { code: 1304, errMsg: 'RelationshipAlreadyError', retryable: false },
  friendRequestHandled: { code: 1305, errMsg: 'FriendRequestHandled', retryable: false },

  messageHasReadDisabled: { code: 1401, errMsg: 'MessageHasReadDisable', retryable: false },
  mutedInGroup: { code: 1402, errMsg: 'MutedInGroup', retryable: false },
  mutedGroup: { code: 1403, errMsg: 'MutedGroup', retryable: false },
  msgAlreadyRevoked: { code: 1404, errMsg: 'MsgAlreadyRevoke', retryable: false },

  // A single one of these logs a native client out: never for anything but a fact about the token (T5).
  tokenExpired: { code: 1501, errMsg: 'TokenExpiredError', retryable: false },
  tokenInvalid: { code: 1502, errMsg: 'TokenInvalidError', retryable: false },
  tokenMalformed: { code: 1503, errMsg: 'TokenMalformedError', retryable: false },
  tokenNotValidYet: { code: 1504, errMsg: 'TokenNotValidYetError', retryable: false },
  tokenUnknown: { code: 1505, errMsg: 'TokenUnknownError', retryable: false },
  tokenKicked: { code: 1506, errMsg: 'TokenKickedError', retryable: false },
  tokenNotExist: { code: 1507, errMsg: 'TokenNotExistError', retryable: false },

  tooManyConnections: { code: 1601, errMsg: 'ConnOverMaxNumLimit', retryable: true },
  handshakeArgs: { code: 1602, errMsg: 'args err, need token, sendID, platformID', retryable: false },

  uploadExpired: { code: 1701, errMsg: 'FileUploadedExpiredError', retryable: false },

  callback: { code: 80000, errMsg: 'CallbackError', retryable: false },
  webhookUnreachable: { code: 90004, errMsg: 'NetworkError', retryable: true },
  webhookReplyInvalid: { code: 90007, errMsg: 'DataError', retryable: true },
} as const satisfies Record<string, ErrorKind>;

export type ErrorName = keyof typeof errorTable;

/**
 * A failure that the client is told about. Throw it through `errors`; the HTTP and socket layers turn it into an
 * envelope or a frame. The constructor is for errors from outside the table: a webhook's own code and text.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: number;
  readonly errMsg: string;
  readonly retryable: boolean;
  /** Public text (errDlt), under 200 characters. */
  readonly detail: string;

  constructor(kind: ErrorKind, detail = '') {
    const publicDetail = publicText(detail, maxDetailLength);
    super(publicDetail === '' ? kind.errMsg : `${kind.errMsg}: ${publicDetail}`);
    this.code = kind.code;
    this.errMsg = kind.errMsg;
    this.retryable = kind.retryable;
    this.detail = publicDetail;
  }
}

/** Makes one kind of error; `detail` is public text for errDlt, cut below 200 characters. */
export type ErrorFactory = (detail?: string) => ProtocolError;

/** One factory per row of the table: `throw errors.args('userID is empty')`. */
export const errors: Readonly<Record<ErrorName, ErrorFactory>> = makeFactories(errorTable);

function makeFactories<Name extends string>(table: Readonly<Record<Name, ErrorKind>>): Record<Name, ErrorFactory> {
  const factories = {} as Record<Name, ErrorFactory>;
  for (const name of Object.keys(table) as Name[]) {
    factories[name] = (detail) => new ProtocolError(table[name], detail);
  }
  return factories;
}

/** Short enough that a handshake error stays below the 1024 bytes that native clients read. */
const maxDetailLength = 199;
const controlCharacters = /\p{Cc}/gu;
/** More than a token, so that whatever begins like one is gone in one step: nothing is looked at twice. */
const somethingLikeAToken = /eyJ[\w.-]*/g;

/**
 * Makes a text that a client may have had a part in fit for clients and records: no token (T6), nothing that breaks a
 * line, at most `maxLength` characters. What is far beyond is cut off first and costs nothing.
 */
export function publicText(text: string, maxLength: number): string {
  if (text.length <= maxLength && isPlain.test(text) && !text.includes('eyJ')) return text;
  const clean = text
    .slice(0, maxLength * longestRead)
    .replace(somethingLikeAToken, '[token]')
    .replace(controlCharacters, ' ');
  return (clean.length > maxLength ? `${clean.slice(0, maxLength - 3)}...` : clean).toWellFormed();
}

/** IDs and our own words, as nearly all are: nothing has to be looked for in them. */
const isPlain = /^[\w .:=-]*$/;

/** Behind a token that is taken out there may be more to say. */
const longestRead = 4;
