/** Taking messages out of the database for good, by whoever may: admins of the server here, others by their own rules. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { DeletionStore } from '../log/deletion-store.ts';
import type { MessageStore } from '../log/message-store.ts';
import type { RevocationStore } from '../log/revocation-store.ts';
import { errors } from '../protocol/errors.ts';
import { possibleLogIDs } from '../protocol/log-id.ts';
import type { EditStore } from './edit-store.ts';
import type { ReactionStore } from './reaction-store.ts';

export interface EraserOptions {
  readonly messages: Pick<MessageStore, 'bounds' | 'times' | 'erase' | 'raiseMinSeq'>;
  readonly revocations: Pick<RevocationStore, 'forget'>;
  readonly deletions: Pick<DeletionStore, 'forget'>;
  readonly texts: TextsOfMessages;
  readonly reactions: Pick<ReactionStore, 'forget'>;
  readonly edits: Pick<EditStore, 'forget'>;
  readonly unitOfWork: UnitOfWork;
  /** Unix ms. */
  readonly now: () => number;
}

/** What is known of what messages say, beside the messages: the index of texts. */
export interface TextsOfMessages {
  /** Of messages that are erased already. */
  forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void>;
}

/** Read, and erased in one transaction, at the most: messages go on in between. */
const atOnce = 500;

export class Eraser {
  readonly #options: EraserOptions;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** As part of a transaction, with all that is known of them. @returns ascending the seqs of those that were there */
  async eraseWithin(tx: Transaction, logID: string, seqs: readonly number[]): Promise<readonly number[]> {
    const { messages, revocations, deletions, texts, reactions, edits } = this.#options;
    const erased = (await messages.erase(tx, logID, seqs)).toSorted((a, b) => a - b);
    if (erased.length > 0) {
      await revocations.forget(tx, logID, erased);
      await deletions.forget(tx, logID, erased);
      await texts.forget(tx, logID, erased);
      await reactions.forget(tx, logID, erased);
      await edits.forget(tx, logID, erased);
    }
    return erased;
  }

  /**
   * Erases messages of any conversation; nobody is told. What is not there is erased already.
   * @throws 1001 ill-formed, or the ID is that of several pairs of users; 1002 not an admin
   */
  async eraseSeqs(call: CallContext, conversationID: string, seqs: readonly number[]): Promise<void> {
    if (conversationID === '') throw errors.args('conversationID is empty');
    if (seqs.length === 0) throw errors.args('seqs is empty');
    if (seqs.some((seq) => seq < 1)) throw errors.args('seqs has a seq below 1');
    requireAdmin(call);
    const logID = await this.#logOf(conversationID);
    if (logID === undefined) return;
    await this.#options.unitOfWork.transaction((tx) => this.eraseWithin(tx, logID, seqs));
  }

  /**
   * Erases what is older than so many seconds in these conversations, some hundred messages at a time: a call that fails
   * half-way may be repeated. Nobody is told.
   * @throws 1001 ill-formed, or an ID is that of several pairs of users; 1002 not an admin
   */
  async eraseOlderThan(call: CallContext, conversationIDs: readonly string[], ageSeconds: number): Promise<void> {
    if (conversationIDs.length === 0) throw errors.args('conversationIDs is empty');
    if (ageSeconds < 1) throw errors.args('timestamp is below 1');
    requireAdmin(call);
    const before = this.#options.now() - ageSeconds * 1000;
    const logIDs: string[] = [];
    for (const conversationID of new Set(conversationIDs)) {
      const logID = await this.#logOf(conversationID);
      if (logID !== undefined) logIDs.push(logID);
    }
    for (const logID of logIDs) await this.#eraseBefore(logID, before);
  }

  /** Back ends choose times, so that an old message may stand behind newer ones: all are looked at. */
  async #eraseBefore(logID: string, before: number): Promise<void> {
    const { messages, unitOfWork } = this.#options;
    let firstLeft: number | undefined;
    let page = await messages.times(logID, 0, atOnce);
    for (; page.length > 0; page = await messages.times(logID, page.at(-1)?.seq ?? 0, atOnce)) {
      const old = page.filter(({ sentAt }) => sentAt < before).map(({ seq }) => seq);
      firstLeft ??= page.find(({ sentAt }) => sentAt >= before)?.seq;
      const upTo = firstLeft ?? (page.at(-1)?.seq ?? 0) + 1;
      if (old.length > 0) {
        await unitOfWork.transaction(async (tx) => {
          await this.eraseWithin(tx, logID, old);
          await messages.raiseMinSeq(tx, logID, upTo);
        });
      }
      await nextTurn();
    }
  }

  /** Undefined where nothing was ever stored. @throws 1001 it may be of several pairs of users */
  async #logOf(conversationID: string): Promise<string | undefined> {
    const [found, ...others] = await this.#options.messages.bounds(possibleLogIDs(conversationID));
    if (others.length > 0) throw errors.args('the conversation ID is that of several pairs of users');
    return found?.[0];
  }
}
