/** What a socket frame is about. Protocol: websocket.md 4. */

/** What a socket frame asks for or tells. 2001 and 2002 only ever go from server to client. */
export const reqIdentifiers = {
  getMaxSeq: 1001,
  pullMessagesBySeqRanges: 1002,
  sendMessage: 1003,
  /** Reserved and without function: answered with an error. */
  sendSignalMessage: 1004,
  pullMessagesBySeqList: 1005,
  getReadAndMaxSeqs: 1006,
  getLastMessages: 1007,
  pushMessage: 2001,
  kickOnline: 2002,
  logout: 2003,
  setBackgroundStatus: 2004,
  subscribeOnlineStatus: 2005,
} as const;
