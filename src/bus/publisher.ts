/**
 * Sends what was committed here to the nodes that it concerns: one publication to each of them for all that has queued up,
 * wherever it is to go. What cannot be sent is not sent again, but missed by number, and read from the database.
 */
import type { Audience } from '../log/delivery.ts';
import type { OutgoingWord } from '../log/outgoing-store.ts';
import { encodeDeliveryFrame, type Publishable } from './delivery-frame.ts';
import type { NodeChannel } from './node-channel.ts';
import type { SentNumbers } from './pair-numbers.ts';
import type { FoundNodes, Whereabouts } from './whereabouts.ts';

/** With whom a word is for. */
export type Published = Extract<Publishable, { delivery: unknown }> | { readonly word: OutgoingWord };

export interface PublisherOptions {
  readonly channel: Pick<NodeChannel, 'nodeID' | 'send'>;
  /** The other nodes. */
  readonly peers: () => readonly string[];
  readonly whereabouts: Whereabouts;
  readonly numbers: SentNumbers;
  /** Unix ms. */
  readonly now: () => number;
  readonly onPublished: (publications: number) => void;
  readonly onFailure: (error: unknown) => void;
}

export const deliveryKind = 'delivery';

/** Of one lookup. */
const maxBatch = 512;
/** Of one publication, a single message apart. */
const maxFrameBytes = 256 * 1024;

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #queue: { readonly item: Published; readonly at: number }[] = [];
  #working: Promise<void> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  publish(item: Published): void {
    const { peers, now } = this.#options;
    // Whoever is not known here yet reads what it misses.
    if (peers().length === 0) return;
    this.#queue.push({ item, at: now() });
    this.#working ??= this.#work();
  }

  /** Every node is to look for what it may have missed. */
  missed(): void {
    const { peers, numbers } = this.#options;
    for (const nodeID of peers()) numbers.next(nodeID);
  }

  /** Resolves when nothing is on its way out. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    // All that this turn still brings goes with it.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, maxBatch);
      try {
        await this.#send(
          batch.map(({ item }) => item),
          batch[0]?.at ?? 0,
        );
      } catch (error) {
        this.missed();
        this.#options.onFailure(error);
      }
    }
    this.#working = undefined;
  }

  async #send(batch: readonly Published[], at: number): Promise<void> {
    const users = new Set<string>();
    const groups = new Set<string>();
    for (const item of batch) {
      for (const userID of usersOf(item)) users.add(userID);
      const group = groupOf(item);
      if (group !== undefined) groups.add(group);
    }
    const found = await this.#options.whereabouts.find(users, groups);
    const byNode = new Map<string, Publishable[]>();
    for (const item of batch) this.#address(item, found, byNode);
    for (const [nodeID, items] of byNode) this.#sendTo(nodeID, items, at);
  }

  /** Adds it to what goes to each node that it concerns, with as much of its audience as is there. */
  #address(item: Published, { ofUsers, ofGroups }: FoundNodes, byNode: Map<string, Publishable[]>): void {
    const usersByNode = new Map<string, string[]>();
    const group = groupOf(item);
    for (const nodeID of group === undefined ? [] : (ofGroups.get(group) ?? [])) usersByNode.set(nodeID, []);
    for (const userID of usersOf(item)) {
      for (const nodeID of ofUsers.get(userID) ?? []) {
        const users = usersByNode.get(nodeID);
        if (users === undefined) usersByNode.set(nodeID, [userID]);
        else users.push(userID);
      }
    }
    usersByNode.delete(this.#options.channel.nodeID);
    for (const [nodeID, users] of usersByNode) {
      const items = byNode.get(nodeID) ?? [];
      byNode.set(nodeID, items);
      items.push(
        'word' in item ? item : { delivery: { ...item.delivery, audience: narrowed(item.delivery.audience, users) } },
      );
    }
  }

  #sendTo(nodeID: string, items: readonly Publishable[], at: number): void {
    const { channel, numbers, onPublished } = this.#options;
    let piece: Publishable[] = [];
    let bytes = 0;
    const flush = () => {
      channel.send(nodeID, deliveryKind, encodeDeliveryFrame({ number: numbers.next(nodeID), at, items: piece }));
      onPublished(1);
      piece = [];
      bytes = 0;
    };
    for (const item of items) {
      const length = 'word' in item ? item.word.payload.length : item.delivery.body.length;
      if (piece.length > 0 && bytes + length > maxFrameBytes) flush();
      piece.push(item);
      bytes += length;
    }
    flush();
  }
}

function usersOf(item: Published): readonly string[] {
  if ('word' in item) return item.word.users;
  const { audience } = item.delivery;
  return 'users' in audience ? audience.users : (audience.plus ?? []);
}

function groupOf(item: Published): string | undefined {
  return 'delivery' in item && 'group' in item.delivery.audience ? item.delivery.audience.group : undefined;
}

/** @param users of those named who are there */
function narrowed(audience: Audience, users: readonly string[]): Audience {
  if ('users' in audience) return { users };
  const { plus: _, ...rest } = audience;
  return users.length === 0 ? rest : { ...rest, plus: users };
}
