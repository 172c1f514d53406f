/**
 * Whose phones a message has reached, on whichever node: those where somebody is connected whom it is for are asked. Each
 * answers when it has handed the message to its sockets; who has not answered in time has not delivered it.
 */
import type { MessageRef } from '../log/message-store.ts';
import type { PhoneReach, SentMessage } from '../push/phone-reach.ts';
import { messageKey, type ReachedUsers } from '../push/reached-users.ts';
import type { NodeChannel } from './node-channel.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface NodeReachOptions {
  readonly channel: NodeChannel;
  readonly whereabouts: Whereabouts;
  /** Of this node's sockets. */
  readonly here: Pick<ReachedUsers, 'of'>;
  /** Finds a stored message that should have come here. Never rejects. */
  readonly lookFor: (ref: MessageRef) => Promise<void>;
  readonly monotonicMs: () => number;
  /** How long after Redis is back it may still not say who is connected. */
  readonly settleMs?: number;
}

/** Nodes that have not answered yet. */
interface Question {
  readonly waitsFor: Set<string>;
  readonly reached: Set<string>;
  readonly done: PromiseWithResolvers<void>;
}

interface Asked {
  readonly id: number;
  readonly key: string;
  readonly withinMs: number;
  /** Of a stored message; a node of an earlier version does not say. */
  readonly ref?: MessageRef | undefined;
}

interface Answered {
  readonly id: number;
  readonly reached: readonly string[];
}

const askKind = 'reach';
const answerKind = 'reached';
/** Of what is known or not known at once. */
const answerWithinMs = 1000;
/** A publication that takes longer may be lost. */
const lateMs = 250;

export class NodeReach implements PhoneReach {
  readonly #options: NodeReachOptions;
  readonly #questions = new Map<number, Question>();
  #lastID = 0;
  #isHearing = true;
  /** By the monotonic clock. */
  #isKnownFromMs = Number.NEGATIVE_INFINITY;

  constructor(options: NodeReachOptions) {
    this.#options = options;
    const { channel, monotonicMs, settleMs = 6000 } = options;
    channel.on(askKind, (from, payload) => void this.#onAsked(from, JSON.parse(payload.toString())));
    channel.on(answerKind, (from, payload) => this.#onAnswered(from, JSON.parse(payload.toString())));
    channel.onGone((nodeID) => {
      for (const question of this.#questions.values()) strike(question, nodeID);
    });
    channel.onHearing((isHearing) => {
      this.#isHearing = isHearing;
      this.#isKnownFromMs = monotonicMs() + settleMs;
      for (const { done } of this.#questions.values()) done.reject(unknown());
    });
  }

  async reachedBy(message: SentMessage, withinMs: number): Promise<ReadonlySet<string> | undefined> {
    const { channel, whereabouts } = this.#options;
    const { recvID, groupID, logID, seq } = message;
    this.#requireKnown();
    const found = await whereabouts.find(groupID === '' ? [recvID] : [], groupID === '' ? [] : [groupID]);
    const nodeIDs = new Set(groupID === '' ? found.ofUsers.get(recvID) : found.ofGroups.get(groupID));
    // Who has connected since may have been sent it, too.
    const isHere = nodeIDs.delete(channel.nodeID);
    const key = messageKey(message);
    const ref = seq === 0 ? undefined : { logID, seq };
    const [ofHere, ofOthers] = await Promise.all([
      this.#ofHere({ key, ref, withinMs: isHere ? withinMs : 0 }),
      this.#ask(nodeIDs, { key, ref, withinMs }),
    ]);
    this.#requireKnown();
    if (ofHere === undefined && isHere) return undefined;
    return ofHere === undefined ? ofOthers : ofHere.union(ofOthers);
  }

  async #ask(nodeIDs: Set<string>, what: Omit<Asked, 'id'>): Promise<ReadonlySet<string>> {
    const reached = new Set<string>();
    if (nodeIDs.size === 0) return reached;
    const id = ++this.#lastID;
    const done = Promise.withResolvers<void>();
    const timer = setTimeout(done.resolve, what.withinMs || answerWithinMs);
    const asked: Asked = { id, ...what };
    const payload = Buffer.from(JSON.stringify(asked));
    this.#questions.set(id, { waitsFor: new Set(nodeIDs), reached, done });
    for (const nodeID of nodeIDs) this.#options.channel.send(nodeID, askKind, payload);
    try {
      await done.promise;
    } finally {
      clearTimeout(timer);
      this.#questions.delete(id);
    }
    return reached;
  }

  /** Being asked for what has not come here is a sign that its publication was lost: it is not waited for any longer. */
  async #ofHere({ key, ref, withinMs }: Omit<Asked, 'id'>): Promise<ReadonlySet<string> | undefined> {
    const { here, lookFor } = this.#options;
    if (ref === undefined || withinMs <= lateMs) return here.of(key, withinMs);
    const known = await here.of(key, lateMs);
    if (known !== undefined) return known;
    void lookFor(ref);
    return here.of(key, withinMs - lateMs);
  }

  async #onAsked(from: string, { id, ...asked }: Asked): Promise<void> {
    const { channel } = this.#options;
    // Whatever another node wants, nothing waits here for ever.
    const reached = await this.#ofHere({ ...asked, withinMs: Math.min(asked.withinMs, longestMs) });
    const answered: Answered = { id, reached: [...(reached ?? [])] };
    channel.send(from, answerKind, Buffer.from(JSON.stringify(answered)));
  }

  #onAnswered(from: string, { id, reached }: Answered): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    for (const userID of reached) question.reached.add(userID);
    strike(question, from);
  }

  /** @throws while this node cannot know where anybody is, or hear of it */
  #requireKnown(): void {
    if (!this.#isHearing || this.#options.monotonicMs() < this.#isKnownFromMs) throw unknown();
  }
}

const longestMs = 60_000;

function unknown(): Error {
  return new Error('nobody knows whom the message has reached: Redis is away, or has just come back');
}

function strike({ waitsFor, done }: Question, nodeID: string): void {
  waitsFor.delete(nodeID);
  if (waitsFor.size === 0) done.resolve();
}
