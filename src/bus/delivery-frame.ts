/** A publication from one node to another: a line of JSON that says what it is, and behind it the bodies of messages. */
import type { Audience, Delivery, GroupVersion } from '../log/delivery.ts';
import type { OutgoingWord } from '../log/outgoing-store.ts';

export type Word = Pick<OutgoingWord, 'topic' | 'payload'>;

/** In the order in which they were said. */
export type Publishable = { readonly delivery: Delivery } | { readonly word: Word };

export interface DeliveryFrame {
  /** Of the pair of nodes; see pair-numbers.ts. */
  readonly number: number;
  /** When the oldest of it had committed, Unix ms as the sender knows the time. */
  readonly at: number;
  readonly items: readonly Publishable[];
}

/** What a later version says that does not fit this one gets another number, and is left to the repair of who cannot read it. */
const version = 1;

interface Head {
  readonly v: number;
  readonly n: number;
  readonly at: number;
  readonly items: readonly (MessageItem | WordItem)[];
}

/**
 * Log, conversation, seq, operation, length of the body, audience, how long after the one before, as of which version of
 * its group, whether after notices.
 */
type MessageItem = readonly [
  string,
  string,
  number,
  string,
  number,
  Audience,
  number | null,
  GroupVersion | null,
  (true | null)?,
];
type WordItem = readonly [OutgoingWord['topic'], string];

export function encodeDeliveryFrame({ number, at, items }: DeliveryFrame): Buffer {
  const bodies: Buffer[] = [];
  const head: Head = {
    v: version,
    n: number,
    at,
    items: items.map((item) => {
      if ('word' in item) return [item.word.topic, item.word.payload];
      const { logID, conversationID, seq, operationID, body, audience, followsMs, asOf, followsNotices } =
        item.delivery;
      bodies.push(body);
      const head = [logID, conversationID, seq, operationID, body.length, audience] as const;
      return [...head, followsMs ?? null, asOf ?? null, followsNotices ?? null];
    }),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...bodies]);
}

/** @returns undefined if it is of a version that is not known here */
export function decodeDeliveryFrame(payload: Buffer): DeliveryFrame | undefined {
  const end = payload.indexOf('\n');
  const head = JSON.parse(payload.toString('utf8', 0, end)) as Head;
  if (head.v !== version) return undefined;
  let from = end + 1;
  const items = head.items.map((item): Publishable => {
    if (item.length === 2) return { word: { topic: item[0], payload: item[1] } };
    const [logID, conversationID, seq, operationID, length, audience, followsMs, asOf, followsNotices] = item;
    const body = payload.subarray(from, from + length);
    from += length;
    return {
      delivery: {
        ...{ logID, conversationID, seq, operationID, body, audience },
        followsNotices: followsNotices ?? undefined,
        followsMs: followsMs ?? undefined,
        asOf: asOf ?? undefined,
      },
    };
  });
  return { number: head.n, at: head.at, items };
}
