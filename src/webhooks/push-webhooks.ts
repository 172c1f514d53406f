/**
 * Asks the receiver whether, and to whom, a message is pushed (objects-push-webhooks chapter, 3.5): on its way to sockets,
 * behind what was said before in the same chat, and before phones are woken. The message stays stored whatever it says.
 */
import type { Audience, Delivery, DeliveryBus } from '../log/delivery.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { contentTypes, isNotificationContentType } from '../protocol/numbers/contents.ts';
import { platformName } from '../protocol/numbers/platforms.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { OfflinePushHooks, WokenBy } from '../push/offline-push-hooks.ts';
import type { PushRow } from '../push/push-row.ts';
import { messageKey } from '../push/reached-users.ts';
import type { WebhookReply } from './webhook-client.ts';
import type { Webhooks } from './webhooks.ts';

/** Where messages leave for sockets. */
type Leaving = Pick<DeliveryBus, 'deliver' | 'deliverAgain'>;

export interface PushWebhooksOptions {
  readonly webhooks: Pick<Webhooks, 'consult' | 'setting'>;
  readonly bus: Leaving;
  /** Unix ms. */
  readonly now: () => number;
}

/** To whom only it goes; empty: to nobody. Undefined: to all whom it is for. */
type Only = readonly string[] | undefined;

export class PushWebhooks implements Leaving, OfflinePushHooks {
  readonly #options: PushWebhooksOptions;
  /** By chat: what was said there before has left. */
  readonly #lanes = new Map<string, Promise<void>>();
  /** By message, of late: oldest first. */
  readonly #verdicts = new Map<string, { readonly only: Promise<Only>; readonly askedAt: number }>();

  constructor(options: PushWebhooksOptions) {
    this.#options = options;
  }

  deliver(delivery: Delivery): void {
    const message = MsgData.decode(delivery.body);
    const only = this.#ask(delivery, message);
    this.#keep(messageKey({ ...delivery, id: message.serverMsgID }), only);
    const chat = chatOf(delivery.conversationID);
    const leaving = this.#leave(delivery, only, this.#lanes.get(chat));
    this.#lanes.set(chat, leaving);
    void leaving.finally(() => {
      if (this.#lanes.get(chat) === leaving) this.#lanes.delete(chat);
    });
  }

  deliverAgain(...ref: Parameters<DeliveryBus['deliverAgain']>): void {
    this.#options.bus.deliverAgain(...ref);
  }

  async onlyTo(row: Pick<PushRow, 'logID' | 'seq' | 'id'>): Promise<Only> {
    return this.#verdicts.get(messageKey(row))?.only;
  }

  bodyOf(message: MsgData, operationID: string): object | undefined {
    if (this.#options.webhooks.setting('beforeOfflinePush') === undefined) return undefined;
    const { offlinePushInfo: info } = message;
    return { ...pushBody(message, operationID), ...(info === undefined ? {} : toFlat(info)) };
  }

  async beforeWaking({ content, hasBadge, asked }: PushRow, userIDs: readonly string[]): Promise<WokenBy | undefined> {
    const { operationID } = content;
    const body = { ...asked, userIDList: userIDs };
    const reply = await this.#options.webhooks.consult('beforeOfflinePush', { operationID }, body);
    if (reply instanceof ProtocolError) return undefined;
    const given = idsIn(reply);
    const info = reply?.offlinePushInfo;
    if (typeof info !== 'object' || info === null) return { userIDs: given ?? userIDs, content, hasBadge };
    const fields: WebhookReply = { ...info };
    const text = (field: string, value: string) => (typeof fields[field] === 'string' ? fields[field] : value);
    return {
      userIDs: given ?? userIDs,
      content: {
        ...content,
        title: text('title', content.title),
        body: text('desc', content.body),
        ex: text('ex', content.ex),
        sound: text('iOSPushSound', content.sound),
      },
      hasBadge: typeof fields.iOSBadgeCount === 'boolean' ? fields.iOSBadgeCount : hasBadge,
    };
  }

  async #leave(delivery: Delivery, asked: Promise<Only>, before: Promise<void> | undefined): Promise<void> {
    const [only] = await Promise.all([asked, before]);
    this.#options.bus.deliver(only === undefined ? delivery : { ...delivery, audience: narrowed(delivery, only) });
  }

  /** Never rejects: what nobody answers goes nowhere, unless the hook lets it pass. */
  async #ask({ audience, operationID, seq }: Delivery, message: MsgData): Promise<Only> {
    if (message.contentType === contentTypes.typing) return undefined;
    const isGroup = message.sessionType === sessionTypes.group;
    const name = isGroup ? 'beforeGroupOnlinePush' : 'beforeOnlinePush';
    const body = pushBody(message, operationID);
    const more = isGroup || !('users' in audience) ? { seq } : { userIDList: [...new Set(audience.users)] };
    try {
      const reply = await this.#options.webhooks.consult(name, { operationID }, { ...body, ...more });
      if (reply instanceof ProtocolError) return [];
      return isGroup ? idsIn(reply) : undefined;
    } catch {
      return [];
    }
  }

  #keep(key: string, only: Promise<Only>): void {
    const at = this.#options.now();
    this.#verdicts.set(key, { only, askedAt: at });
    for (const [oldest, { askedAt }] of this.#verdicts) {
      if (askedAt > at - keptMs && this.#verdicts.size <= maxKept) return;
      this.#verdicts.delete(oldest);
    }
  }
}

/** A notice and what the chat shows of it are of one chat: the notice leaves first. */
function chatOf(conversationID: string): string {
  return conversationID.slice(conversationID.indexOf('_') + 1);
}

/** It still has its place in the log, and on the nodes that it concerns. */
function narrowed({ audience }: Delivery, only: readonly string[]): Audience {
  return 'users' in audience ? { ...audience, only } : { ...audience, plus: [...(audience.plus ?? []), ...only], only };
}

function idsIn(reply: WebhookReply | undefined): readonly string[] | undefined {
  const given = reply?.userIDList;
  if (!Array.isArray(given) || given.length === 0) return undefined;
  return given.filter((id) => typeof id === 'string');
}

/** P of 3.3. */
function pushBody(message: MsgData, operationID: string): object {
  const { senderPlatformID: platformID, clientMsgID, sendID, groupID, contentType, sessionType } = message;
  const { atUserIDList } = message;
  return {
    ...{ operationID, platformID, platform: platformName(platformID), clientMsgID, sendID, groupID },
    ...{ contentType, sessionType, atUserIDList: atUserIDList.length === 0 ? null : atUserIDList },
    content: contentOf(message),
  };
}

/** Of a notification what it is about. */
function contentOf({ contentType, content }: MsgData): string {
  const text = Buffer.from(content).toString();
  if (!isNotificationContentType(contentType)) return text;
  try {
    const { detail } = JSON.parse(text);
    return typeof detail === 'string' ? detail : text;
  } catch {
    return text;
  }
}

function toFlat({ title, desc, ex, iOSPushSound, iOSBadgeCount, signalInfo }: NonNullable<MsgData['offlinePushInfo']>) {
  return { title, desc, ex, iOSPushSound, iOSBadgeCount, signalInfo };
}

/** Phones are woken in less, or not at all. */
const keptMs = 600_000;
const maxKept = 100_000;
