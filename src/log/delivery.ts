/**
 * Delivery from the domains to sockets, wherever they are. In one process it is a function call; with several nodes it
 * goes by one channel per node (design, section 4), so it is plain data.
 */
import { isNotificationConversation } from '../protocol/conversation-id.ts';
import type { MessageRef } from './message-store.ts';

/**
 * Who gets a message, decided by whoever authorises it, and resolved as of the change that the message tells of: members
 * of a group are those of the moment in which it is delivered, so whoever has just left is named in `plus`.
 */
export type Audience = UserAudience | GroupAudience;

export interface UserAudience {
  /** User IDs; repeats are the same as once. */
  readonly users: readonly string[];
  /** User IDs: nobody but these gets it. Undefined: no such bound. */
  readonly only?: readonly string[];
}

export interface GroupAudience {
  /** Its ID: everybody who is in it. */
  readonly group: string;
  /** User IDs that get it as well, members or not. */
  readonly plus?: readonly string[];
  /** User IDs that do not get it, whatever else names them. */
  readonly except?: readonly string[];
  /** User IDs: nobody but these gets it. Undefined: no such bound. */
  readonly only?: readonly string[];
  /** The group is no more, and this tells its members: afterwards nobody is in it. */
  readonly isLast?: true;
}

/** Of a group's membership: the head of its version log, which every change of its members raises. */
export interface GroupVersion {
  readonly versionID: string;
  readonly version: number;
}

/** A committed or online-only message on its way to its recipients' sockets. */
export interface Delivery {
  readonly audience: Audience;
  readonly conversationID: string;
  /** Where it is stored: see protocol/log-id.ts. */
  readonly logID: string;
  /** 0 of what is not stored. */
  readonly seq: number;
  /** Encoded MsgData as it is stored, seq included. */
  readonly body: Buffer;
  /**
   * Of the audience's group when the message was stored, which is who gets it; undefined where one process hears of every
   * change at once, and of what is not stored: members of the moment get it.
   */
  readonly asOf?: GroupVersion | undefined;
  /** How long before it the one before in its log was stored, in ms; known on a node. */
  readonly followsMs?: number | undefined;
  /**
   * The transaction that stored it, of what was found in the database since it had not come: who has connected after its
   * commit finds it there, too, and is not told.
   */
  readonly storedBy?: number | undefined;
  /** What the chat shows of a change that the notices of its conversation tell of: they leave, and arrive, before it. */
  readonly followsNotices?: true | undefined;
  /** Of the request that caused it; clients match their own echo by it. */
  readonly operationID: string;
}

/**
 * In which order what is due at the same time is delivered. A change is told before what is shown of it in the chat: the
 * Go core that learns of its new group from a message says nothing of having joined it. What ends a group comes last of
 * all, since nobody is in it afterwards.
 */
export function turnOf({
  conversationID,
  audience,
}: Pick<Delivery, 'conversationID' | 'audience'>): (typeof turns)[number] {
  if (!isNotificationConversation(conversationID)) return 1;
  return 'isLast' in audience ? 2 : 0;
}

/** What {@link turnOf} says, in order. */
export const turns = [0, 1, 2] as const;

export interface DeliveryBus {
  /**
   * Hands a delivery to every node that may hold sockets of its audience. What has a seq arrives in the order of seqs of
   * its log, whatever the order of calls; the rest at once.
   */
  deliver(delivery: Delivery): void;
  /** A message of late turned out to be stored when it was to be stored: whoever did may not have been able to deliver it. */
  deliverAgain(ref: MessageRef): void;
  /** Something was stored, perhaps, and is delivered only once that is known: other nodes are to look for themselves. */
  doubt(): void;
  /** Receives deliveries for this node's sockets. One listener per process: the gateway. */
  onDelivery(listener: DeliveryListener): void;
}

export interface DeliveryListener {
  /** @returns a promise if something must be asked for first: later deliveries of the log are to wait for it */
  deliver(delivery: Delivery): void | Promise<void>;
  /** False if nobody here is of the audience, as far as is known here. */
  concerns(audience: Audience): boolean;
}
