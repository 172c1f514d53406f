/**
 * The one way of every message and notification, once it is authorised: stamp, store, hand to the sockets of its
 * recipients (conversations-messages chapter, 6.1 and 6.2). Who may send what is decided before.
 */

import type { DeliveryEntry } from '../deliveries/delivery-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { conversationIDOf, isNotificationConversation } from '../protocol/conversation-id.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { logIDOf } from '../protocol/log-id.ts';
import { optionEnabled } from '../protocol/message.ts';
import { MessageEncoder } from '../protocol/message-encoder.ts';
import { msgStatus, optionKeys } from '../protocol/numbers/messages.ts';
import { type Audience, type Delivery, type DeliveryBus, turnOf, turns, type UserAudience } from './delivery.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Appended, GroupCondition, MessageDeliveries, MessageStore, NewMessage } from './message-store.ts';

/** Who tells the world outside of messages. */
export interface MessageTeller {
  /** @returns undefined if nobody outside hears of it */
  deliveriesOf(message: MsgData, operationID: string): MessageDeliveries | undefined;
  /** Of a message that is not stored, in a transaction of its own. */
  keep(entries: readonly DeliveryEntry[]): Promise<void>;
  /** Rows have been committed. */
  wake(): void;
}

export interface PipelineOptions {
  readonly commits: GroupCommit;
  readonly messages: Pick<MessageStore, 'appendWithin'>;
  readonly bus: Pick<DeliveryBus, 'deliver' | 'deliverAgain'>;
  /** Undefined while nobody outside hears of messages. */
  readonly teller?: MessageTeller | undefined;
  /** A random 32-digit hexadecimal ID. */
  readonly newMessageID: () => string;
  readonly now: () => number;
}

/** The acknowledgement of a message: what its sender is told. */
export interface Acknowledgement {
  readonly serverMsgID: string;
  readonly clientMsgID: string;
  /** Unix ms. */
  readonly sendTime: number;
  /** True if a message with this clientMsgID was stored before; nothing was stored now. */
  readonly isDuplicate: boolean;
}

/** Of a message stored as part of a transaction. */
export interface AcceptedWithin extends Acknowledgement {
  readonly seq: number;
}

/** A message to store and deliver, once whoever may decide so has authorised it. */
export interface Outgoing {
  /** `sendTime` 0 means now, an empty `clientMsgID` or `serverMsgID` a new one. */
  readonly message: MsgData;
  readonly audience: Audience;
  /** Of the request that caused it. */
  readonly operationID: string;
  /** Of the message, from whoever knows it. */
  readonly conversationID?: string;
  /** What must still hold when it is stored. */
  readonly condition?: GroupCondition;
  /** See {@link Delivery}. */
  readonly followsNotices?: true | undefined;
}

/** A client has given up repeating by then, and other nodes have found the message. */
const repeatedWithinMs = 60_000;

/** A message's condition no longer held when it was to be stored. */
export class ConditionError extends Error {}

function refusal(): ConditionError {
  return new ConditionError('the condition of the message does not hold any more');
}

export class MessagePipeline {
  readonly #options: PipelineOptions;
  /** By conversation, what goes to sockets in the next turn. */
  #leaving = new Map<string, Delivery[]>();
  readonly #encoder = new MessageEncoder();

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the message is on disk, or at once if its `history` option is off: then it has no seq and reaches
   * only those who are online.
   * @throws 1001 at once, for a message that belongs nowhere
   * @throws ConditionError nothing was stored
   */
  accept(outgoing: Outgoing): Promise<Acknowledgement> {
    const stamped = this.#stamp(outgoing.message);
    const place = placeOf(stamped, outgoing.conversationID);
    const encoded = this.#encoder.encode(MsgData, stamped);
    if (!optionEnabled(stamped.options, optionKeys.history)) {
      return this.#acceptUnstored(stamped, place, outgoing, Buffer.from(encoded));
    }
    return this.#options.commits.append(this.#toStore(stamped, place, outgoing, encoded), (appended) =>
      this.#onStored(stamped, place, outgoing, appended),
    );
  }

  async #acceptUnstored(stamped: MsgData, place: Place, outgoing: Outgoing, body: Buffer): Promise<Acknowledgement> {
    const { clientMsgID, serverMsgID, sendTime } = stamped;
    if (this.#options.teller !== undefined) await this.#tell(stamped, outgoing.operationID, this.#options.teller);
    this.#deliver(place, outgoing, { body, seq: 0 });
    return { serverMsgID, clientMsgID, sendTime, isDuplicate: false };
  }

  /** @throws ConditionError */
  #onStored({ clientMsgID }: MsgData, place: Place, outgoing: Outgoing, appended: Appended): Acknowledgement {
    const { isDuplicate, isRefused, serverMsgID, seq, sentAt } = appended;
    if (isRefused) throw refusal();
    this.#options.teller?.wake();
    if (!isDuplicate) this.#deliver(place, outgoing, appended);
    else if (this.#options.now() - sentAt < repeatedWithinMs) {
      this.#options.bus.deliverAgain({ logID: place.logID, seq });
    }
    return { serverMsgID, clientMsgID, sendTime: sentAt, isDuplicate };
  }

  /**
   * Stores messages as part of a transaction and delivers them if that commits; a repeat is not delivered again. Call it
   * late: until the transaction ends nobody else sends to their conversations.
   * @param after asked once they are committed, and waited for before they are delivered
   * @throws ConditionError
   */
  async acceptWithin(
    tx: Transaction,
    batch: readonly Outgoing[],
    after?: () => Promise<void>,
  ): Promise<readonly AcceptedWithin[]> {
    if (batch.length === 0) return [];
    const stamped = batch.map((outgoing) => {
      const message = this.#stamp(outgoing.message);
      return { outgoing, message, place: placeOf(message) };
    });
    const appended = await this.#options.messages.appendWithin(
      tx,
      stamped.map(({ outgoing, message, place }) =>
        this.#toStore(message, place, outgoing, this.#encoder.encode(MsgData, message)),
      ),
    );
    if (appended.some(({ isRefused }) => isRefused)) throw refusal();
    const deliver = () => {
      for (const [index, { outgoing, place }] of stamped.entries()) {
        const result = appended[index];
        if (result !== undefined && !result.isDuplicate) this.#deliver(place, outgoing, result);
      }
    };
    tx.afterCommit(() => {
      this.#options.teller?.wake();
      if (after === undefined) deliver();
      else void after().then(deliver);
    });
    return appended.map(({ seq, serverMsgID, sentAt, isDuplicate }, index) => ({
      seq,
      serverMsgID,
      clientMsgID: stamped[index]?.message.clientMsgID ?? '',
      sendTime: sentAt,
      isDuplicate,
    }));
  }

  #stamp(message: MsgData): MsgData {
    return {
      ...message,
      clientMsgID: message.clientMsgID || this.#options.newMessageID(),
      serverMsgID: message.serverMsgID || this.#options.newMessageID(),
      sendTime: message.sendTime || this.#options.now(),
      seq: 0,
      status: msgStatus.sent,
      isRead: false,
    };
  }

  #toStore(stamped: MsgData, { conversationID, logID }: Place, outgoing: Outgoing, encoded: Uint8Array): NewMessage {
    const { message, condition, operationID } = outgoing;
    const deliveries = this.#options.teller?.deliveriesOf(stamped, operationID);
    return {
      logID,
      sendID: stamped.sendID,
      clientMsgID: stamped.clientMsgID,
      serverMsgID: stamped.serverMsgID,
      sentAt: stamped.sendTime,
      hasChosenTime: message.sendTime !== 0,
      acceptedAt: this.#options.now(),
      sessionType: stamped.sessionType,
      contentType: stamped.contentType,
      bodyWithoutSeq: encoded,
      raisesSenderReadSeq: !isNotificationConversation(conversationID),
      condition,
      deliveries,
      outgoing,
    };
  }

  async #tell(message: MsgData, operationID: string, teller: MessageTeller): Promise<void> {
    const rows = teller.deliveriesOf(message, operationID)?.({ seq: 0, sentAt: message.sendTime }) ?? [];
    if (rows.length > 0) await teller.keep(rows);
  }

  /**
   * In the next turn of the event loop: the sender's reply, written by the continuation of `accept`, must reach its
   * socket before the push does (notifications-sync chapter, 3.4). What one turn brings leaves in order of seqs: the
   * promises of one commit may be kept in another.
   */
  #deliver(
    { conversationID, logID }: Place,
    { audience, operationID, followsNotices }: Outgoing,
    { body, seq, asOf, followsMs }: Pick<Appended, 'body' | 'seq' | 'asOf' | 'followsMs'>,
  ): void {
    if (this.#leaving.size === 0) setImmediate(() => this.#handOver());
    const lane = this.#leaving.get(conversationID) ?? [];
    lane.push({ audience, conversationID, logID, seq, body, asOf, followsMs, followsNotices, operationID });
    this.#leaving.set(conversationID, lane);
  }

  #handOver(): void {
    const lanes = [...this.#leaving.values()];
    // Not cleared, or messages outlive collections of young memory: docs/contributing.md, house rules.
    this.#leaving = new Map();
    for (const turn of turns) {
      for (const lane of lanes) {
        if (lane[0] === undefined || turnOf(lane[0]) !== turn) continue;
        if (lane.length > 1) lane.sort((a, b) => a.seq - b.seq);
        for (const delivery of lane) this.#options.bus.deliver(delivery);
      }
    }
  }
}

/** Where a message belongs: as clients know it, and as it is stored. */
interface Place {
  readonly conversationID: string;
  readonly logID: string;
}

function placeOf(message: MsgData, conversationID = conversationIDOf(message)): Place {
  return { conversationID, logID: logIDOf(message, conversationID) };
}

/** Of a message between two users (conversations-messages chapter, 6.2). The sending connection expects its echo. */
export function bothSides({ sendID, recvID, options }: MsgData): UserAudience {
  const isForBoth = sendID !== recvID && optionEnabled(options, optionKeys.senderSync);
  return { users: isForBoth ? [recvID, sendID] : [recvID] };
}
