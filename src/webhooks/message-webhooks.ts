/** What the receiver is asked and told of messages (objects-push-webhooks chapter, 3.4). */
import type { DeliveryEntry } from '../deliveries/delivery-store.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { MessageDeliveries } from '../log/message-store.ts';
import type { MessageTeller } from '../log/pipeline.ts';
import type { MessageHooks } from '../messaging/messenger.ts';
import { conversationIDOf } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import { type MsgData, OfflinePushInfo } from '../protocol/gen/openim.ts';
import { contentTypes, isNotificationContentType } from '../protocol/numbers/contents.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { HookName } from './hook-table.ts';
import { replaced } from './reply-fields.ts';
import type { WebhookReply } from './webhook-client.ts';
import type { Told, Webhooks } from './webhooks.ts';

/** Before a message is sent. */
export class MessageAsker implements MessageHooks {
  readonly #webhooks: Webhooks;
  readonly #now: () => number;

  /** @param now Unix ms */
  constructor(webhooks: Webhooks, now: () => number) {
    this.#webhooks = webhooks;
    this.#now = now;
  }

  async beforeSingle(call: CallContext, message: MsgData): Promise<void> {
    await this.#ask('beforeSendSingleMsg', call, message, { recvID: message.recvID });
  }

  async beforeGroup(call: CallContext, message: MsgData): Promise<void> {
    await this.#ask('beforeSendGroupMsg', call, message, { groupID: message.groupID });
  }

  async modify(call: CallContext, message: MsgData): Promise<MsgData> {
    const reply = await this.#ask('beforeMsgModify', call, message, {});
    return reply === undefined ? message : modified(message, reply);
  }

  async #ask(name: HookName, call: CallContext, message: MsgData, more: object): Promise<WebhookReply | undefined> {
    if (!isHeard(message, this.#webhooks.setting(name))) return undefined;
    const sendTime = message.sendTime || this.#now();
    return this.#webhooks.ask(name, call, { ...messageBody(message, call.operationID), sendTime, ...more });
  }
}

export interface MessageTellerOptions {
  readonly webhooks: Webhooks;
  readonly keep: (entries: readonly DeliveryEntry[]) => Promise<void>;
  readonly wake: () => void;
}

/** Once a message is stored. */
export class WebhookTeller implements MessageTeller {
  readonly #options: MessageTellerOptions;

  constructor(options: MessageTellerOptions) {
    this.#options = options;
  }

  deliveriesOf(message: MsgData, operationID: string): MessageDeliveries | undefined {
    const { webhooks } = this.#options;
    const names = namesOf(message).filter((name) => isHeard(message, webhooks.setting(name)));
    if (names.length === 0) return undefined;
    return ({ seq, sentAt }) => {
      const stored = { ...message, sendTime: sentAt };
      return names.flatMap((name) => {
        const isOfStored = name === 'afterMsgSaveDB';
        // What is not stored has no place in a conversation.
        if (isOfStored && seq === 0) return [];
        return [
          webhooks.entry(name, toldOf(stored, operationID, isOfStored ? { seq, ...target(message) } : goal(message))),
        ];
      });
    };
  }

  keep(entries: readonly DeliveryEntry[]): Promise<void> {
    return this.#options.keep(entries);
  }

  wake(): void {
    this.#options.wake();
  }
}

function namesOf({ sessionType }: MsgData): readonly HookName[] {
  if (sessionType === sessionTypes.single) return ['afterSendSingleMsg', 'afterMsgSaveDB'];
  if (sessionType === sessionTypes.group) return ['afterSendGroupMsg', 'afterMsgSaveDB'];
  return ['afterMsgSaveDB'];
}

function toldOf(message: MsgData, operationID: string, more: object): Told {
  const { sendID, recvID, groupID } = message;
  return {
    key: conversationIDOf(message),
    operationID,
    body: { ...messageBody(message, operationID), ...more },
    addressing: Buffer.from(JSON.stringify({ sendID, recvID, groupID })).toString('base64'),
  };
}

const goal = ({ sessionType, recvID, groupID }: MsgData) =>
  sessionType === sessionTypes.group ? { groupID } : { recvID };

const target = ({ sessionType, recvID, groupID }: MsgData) =>
  sessionType === sessionTypes.group ? { recvID: '', groupID } : { recvID, groupID: '' };

interface Filters {
  readonly deniedTypes: ReadonlySet<number>;
  readonly attentionIDs: ReadonlySet<string>;
}

/** Nobody outside hears of typing and of notifications (3.2). */
function isHeard({ contentType, sessionType, recvID, groupID }: MsgData, filters: Filters | undefined): boolean {
  if (filters === undefined || contentType === contentTypes.typing || isNotificationContentType(contentType))
    return false;
  if (filters.deniedTypes.has(contentType)) return false;
  const receiver = sessionType === sessionTypes.group ? groupID : recvID;
  return filters.attentionIDs.size === 0 || filters.attentionIDs.has(receiver);
}

/** M of 3.3. */
function messageBody(message: MsgData, operationID: string): object {
  const { sendID, serverMsgID, clientMsgID, senderPlatformID, senderNickname, sessionType, msgFrom } = message;
  const { contentType, status, sendTime, createTime, content, seq, atUserIDList, senderFaceURL, ex } = message;
  return {
    ...{ sendID, serverMsgID, clientMsgID, operationID, senderPlatformID, senderNickname, sessionType, msgFrom },
    ...{ contentType, status, sendTime, createTime, seq, ex },
    content: Buffer.from(content).toString(),
    atUserList: atUserIDList.length === 0 ? null : atUserIDList,
    faceURL: senderFaceURL,
  };
}

/** @throws 1001 */
function modified(message: MsgData, reply: WebhookReply): MsgData {
  const changes: Partial<MsgData> = {};
  for (const field of plainFields) {
    if (reply[field] !== undefined && reply[field] !== null) {
      Object.assign(changes, { [field]: replaced(reply, field, message[field]) });
    }
  }
  if (typeof reply.content === 'string') changes.content = contentOf(reply.content);
  if (isObject(reply.options)) changes.options = optionsOf(reply.options);
  if (isObject(reply.offlinePushInfo))
    changes.offlinePushInfo = pushInfoOf(message.offlinePushInfo, reply.offlinePushInfo);
  if (Array.isArray(reply.atUserIDList)) changes.atUserIDList = reply.atUserIDList.map(String);
  return Object.keys(changes).length === 0 ? message : { ...message, ...changes };
}

const plainFields = [
  ...([
    'recvID',
    'groupID',
    'clientMsgID',
    'serverMsgID',
    'senderPlatformID',
    'senderNickname',
    'senderFaceURL',
  ] as const),
  ...(['sessionType', 'msgFrom', 'contentType', 'status', 'attachedInfo', 'ex'] as const),
];

function contentOf(text: string): Uint8Array {
  try {
    if (isObject(JSON.parse(text))) return Buffer.from(text);
  } catch {
    // Told below.
  }
  throw errors.args("the content of the webhook's answer is no JSON object");
}

function optionsOf(given: Readonly<Record<string, unknown>>): Map<string, boolean> {
  return new Map(Object.entries(given).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean'));
}

function pushInfoOf(before: OfflinePushInfo | undefined, given: Readonly<Record<string, unknown>>): OfflinePushInfo {
  const base = before ?? OfflinePushInfo.decode(new Uint8Array(0));
  const fit = Object.entries(base).filter(([key, value]) => typeof given[key] === typeof value);
  return { ...base, ...Object.fromEntries(fit.map(([key]) => [key, given[key]])) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
