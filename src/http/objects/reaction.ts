/** A reaction to a message, as requests name it (beyond-openim chapter, section 1). */
import { Wire } from '../../protocol/wire/wire-schema.ts';

export const reactionRequest = Wire.object({
  conversationID: Wire.id(),
  seq: Wire.int64(),
  userID: Wire.id(),
  reaction: Wire.string({ description: 'a short text, an emoji as a rule' }),
});
