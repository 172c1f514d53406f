/** Messages as objects; as stored bytes see message-bytes.ts. Protocol: conversations-messages.md 3 and 5. */

import { MsgData } from './gen/openim.ts';
import { msgStatus, type OptionKey } from './numbers/constants.ts';

/** Whether a switch of a message is on: a missing key means true. */
export function optionEnabled(options: ReadonlyMap<string, boolean>, key: OptionKey): boolean {
  return options.get(key) !== false;
}

/** A message with the given fields, all others at their zero value. */
export function newMsgData(fields: Partial<MsgData> = {}): MsgData {
  return { ...MsgData.decode(nothing), ...fields };
}

/** What a pull gives for a seq whose message is gone: clients show nothing. `sendTime`: Unix ms, 0 if unknown. */
export function placeholder(seq: number, sendTime: number): Buffer {
  return Buffer.from(MsgData.encode(newMsgData({ seq, sendTime, status: msgStatus.deleted })).finish());
}

const nothing = new Uint8Array(0);
