/** What users put to messages (beyond-openim chapter, section 1). */
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { chatWindow } from '../conversations/windows.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import type { MessageStore, StoredMessage } from '../log/message-store.ts';
import { additionNotice } from '../notices/catalogue/messages.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { isNotificationContentType } from '../protocol/numbers/contents.ts';
import type { Reaction, ReactionCount, ReactionStore } from './reaction-store.ts';
import { findReadable, lockReadable, type NamedMessage, ownChat, refWithin } from './readable-message.ts';
import { requireMayWrite, type WritingOptions } from './writing-rights.ts';

export interface ReactionLimits {
  /** Of one, in UTF-8. */
  readonly maxReactionBytes: number;
  readonly maxReactionsPerUser: number;
  readonly maxReactionsPerMessage: number;
  /** Asked of in one call. */
  readonly maxSeqs: number;
}

export interface ReactionsOptions extends WritingOptions {
  readonly store: ReactionStore;
  readonly messages: Pick<MessageStore, 'bySeqs' | 'lockMessage'>;
  readonly views: ConversationViewStore;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly limits: ReactionLimits;
}

export interface ReactionRequest extends NamedMessage {
  readonly reaction: string;
}

export class Reactions {
  readonly #options: ReactionsOptions;

  constructor(options: ReactionsOptions) {
    this.#options = options;
  }

  /**
   * Of who may write in the chat; everybody in it is told. One that is there already stays, and nobody is told.
   * @throws 1001 ill-formed, one too many, or to what takes none; 1002 not the caller's, or never in the group; 1004 no such
   * message that the user may read; 1203, 1204, 1302, 1303, 1402, 1403 the user may not write there; 1404 taken back
   */
  async add(call: CallContext, request: ReactionRequest): Promise<void> {
    const { userID, reaction, seq } = request;
    const { store, messages, limits, unitOfWork, now } = this.#options;
    if (reaction === '') throw errors.args('reaction is empty');
    requireWithin('reaction', reaction, limits.maxReactionBytes);
    requireAccess(call, userID);
    const view = await ownChat(this.#options.views, request);
    const ref = refWithin(view, seq);
    await findReadable(messages, userID, ref);
    await requireMayWrite(this.#options, view, userID);
    await unitOfWork.transaction(async (tx) => {
      const message = await lockReadable(messages, tx, ref);
      if (isNotificationContentType(message.contentType)) throw errors.args('not a message of a user');
      const reactedAt = now();
      if (!(await store.add(tx, ref, { userID, reaction, reactedAt }))) return;
      const { own, all } = await store.usage(tx, ref, userID);
      if (own > limits.maxReactionsPerUser) throw errors.args(`more than ${limits.maxReactionsPerUser} of the user`);
      if (all > limits.maxReactionsPerMessage) throw errors.args(`more than ${limits.maxReactionsPerMessage} in all`);
      await this.#options.notifier.notify(
        tx,
        call,
        noticeOf(view, request, message, { isAdded: true, time: reactedAt }),
      );
    });
  }

  /**
   * The user's own. One that is not there is gone already, and nobody is told.
   * @throws 1001 ill-formed, 1002 not the caller's, or never in the group; 1004 no such message that the user may read, 1404
   */
  async remove(call: CallContext, request: ReactionRequest): Promise<void> {
    const { userID, reaction, seq } = request;
    const { store, messages, unitOfWork, now } = this.#options;
    if (reaction === '') throw errors.args('reaction is empty');
    requireAccess(call, userID);
    const view = await ownChat(this.#options.views, request);
    const ref = refWithin(view, seq);
    await findReadable(messages, userID, ref);
    await unitOfWork.transaction(async (tx) => {
      const message = await lockReadable(messages, tx, ref);
      if (!(await store.remove(tx, ref, { userID, reaction }))) return;
      await this.#options.notifier.notify(tx, call, noticeOf(view, request, message, { isAdded: false, time: now() }));
    });
  }

  /**
   * By message in order of seqs, without those that the user may not read.
   * @throws 1001 ill-formed or too many, 1002 not the caller's, or never in the group; 1004 no such conversation
   */
  async counts(
    call: CallContext,
    request: Omit<NamedMessage, 'seq'> & { readonly seqs: readonly number[] },
  ): Promise<ReadonlyMap<number, readonly ReactionCount[]>> {
    const { userID, seqs } = request;
    const { store, messages, limits } = this.#options;
    if (seqs.length === 0) throw errors.args('seqs is empty');
    if (seqs.length > limits.maxSeqs) throw errors.args(`seqs has more than ${limits.maxSeqs} entries`);
    if (seqs.some((seq) => seq < 1)) throw errors.args('seqs has a seq below 1');
    requireAccess(call, userID);
    const view = await ownChat(this.#options.views, request);
    const { logID, lower, upper } = chatWindow(view);
    const stored = await messages.bySeqs(
      userID,
      logID,
      seqs.filter((seq) => seq >= lower && seq <= upper),
    );
    const readable = stored
      .filter(({ revocation, isDeleted }) => revocation === undefined && !isDeleted)
      .map(({ seq }) => seq);
    return Map.groupBy(await store.counts(logID, readable, userID), ({ seq }) => seq);
  }

  /** All to one message, in order of time. @throws 1001 ill-formed, 1002 as above, 1004, 1404 */
  async list(call: CallContext, request: NamedMessage): Promise<readonly Reaction[]> {
    requireAccess(call, request.userID);
    const view = await ownChat(this.#options.views, request);
    const ref = refWithin(view, request.seq);
    await findReadable(this.#options.messages, request.userID, ref);
    return this.#options.store.list(ref);
  }
}

function noticeOf(
  { conversationID, groupID, peerUserID }: ConversationView,
  { seq, userID, reaction }: ReactionRequest,
  { body }: StoredMessage,
  event: { readonly isAdded: boolean; readonly time: number },
) {
  const { clientMsgID } = MsgData.decode(body);
  const data = { conversationID, seq, clientMsgID, userID, reaction, ...event };
  return additionNotice(userID, groupID === '' ? { recvID: peerUserID } : { groupID }, 'tessera.reaction', data);
}
