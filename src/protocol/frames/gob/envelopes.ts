/** The two structs of the socket, as the Go core names their fields. Protocol: websocket.md 2.3 and 2.4. */

export const requestEnvelope = {
  ReqIdentifier: 'int32',
  /** Never used, but a wrong type still spoils the frame. */
  Token: 'string',
  SendID: 'string',
  OperationID: 'string',
  MsgIncr: 'string',
  Data: 'bytes',
} as const;

export const replyEnvelope = {
  ReqIdentifier: 'int32',
  MsgIncr: 'string',
  OperationID: 'string',
  ErrCode: 'int32',
  ErrMsg: 'string',
  Data: 'bytes',
} as const;
