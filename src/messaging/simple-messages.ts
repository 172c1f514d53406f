/** The short way in which a bot answers a message that a webhook told it of (conversations-messages chapter, 9.4). */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { Acknowledgement } from '../log/pipeline.ts';
import { errors } from '../protocol/errors.ts';
import type { OfflinePushInfo } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { msgFrom } from '../protocol/numbers/messages.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Messenger } from './messenger.ts';
import type { SendStatuses } from './send-statuses.ts';

export interface SimpleMessagesOptions {
  readonly messenger: Pick<Messenger, 'send'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly statuses: Pick<SendStatuses, 'record'>;
  /** Unix ms. */
  readonly now: () => number;
}

export interface SimpleMessage {
  /** Base64 of the JSON that names the message that is answered: sendID, recvID, groupID. */
  readonly key: string;
  /** Who answers in a group; in a single chat it is who got the message. */
  readonly sendID: string;
  readonly content: string;
  readonly offlinePushInfo: OfflinePushInfo | null;
  readonly ex: string;
}

/** What SDKs show as the platform of admins. */
const adminPlatform = 10;

export class SimpleMessages {
  readonly #options: SimpleMessagesOptions;

  constructor(options: SimpleMessagesOptions) {
    this.#options = options;
  }

  /**
   * Sends a text in Markdown back to where the key's message came from.
   * @throws 1001 for a key that names nothing, 1002 for the caller who does not speak for the sender, 1004 for a sender who
   * is not registered; otherwise as {@link Messenger.send}
   */
  async send(call: CallContext, request: SimpleMessage): Promise<Acknowledgement> {
    const origin = originOf(request.key);
    const isToGroup = origin.groupID !== '';
    const sendID = isToGroup ? request.sendID : origin.recvID;
    if (sendID === '') throw errors.args('sendID is empty');
    requireAccess(call, sendID);
    const [sender] = await this.#options.users.find([sendID]);
    if (sender === undefined) throw errors.recordNotFound('sender not found');
    const message = newMsgData({
      sendID,
      ...(isToGroup
        ? { groupID: origin.groupID, sessionType: sessionTypes.group }
        : { recvID: origin.sendID, sessionType: sessionTypes.single }),
      senderNickname: sender.nickname,
      senderFaceURL: sender.faceURL,
      senderPlatformID: adminPlatform,
      msgFrom: msgFrom.user,
      contentType: contentTypes.markdown,
      // With a capital, as backends know it (9.4).
      content: Buffer.from(JSON.stringify({ Content: request.content })),
      createTime: this.#options.now(),
      offlinePushInfo: request.offlinePushInfo ?? undefined,
      ex: request.ex,
    });
    const sent = await this.#options.messenger.send(call, message);
    await this.#options.statuses.record(call.operationID);
    return sent;
  }
}

interface Origin {
  readonly sendID: string;
  readonly recvID: string;
  readonly groupID: string;
}

/** @throws 1001 */
function originOf(key: string): Origin {
  let parsed: unknown;
  try {
    // In a URL, where it was not escaped, a plus sign arrives as a space.
    parsed = JSON.parse(Buffer.from(key.replaceAll(' ', '+'), 'base64').toString());
  } catch {
    throw errors.args('key is not base64 of JSON');
  }
  const textOf = (name: string): string => {
    const value = (parsed as Readonly<Record<string, unknown>> | null)?.[name] ?? '';
    if (typeof value !== 'string') throw errors.args('key names no message');
    return value;
  };
  const origin = { sendID: textOf('sendID'), recvID: textOf('recvID'), groupID: textOf('groupID') };
  if (origin.sendID === '') throw errors.args('key names no message');
  return origin;
}
