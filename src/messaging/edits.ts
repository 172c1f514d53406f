/** Editing what one has said (beyond-openim chapter, section 3). */
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { isManager } from '../groups/group.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { MessageRef, MessageStore } from '../log/message-store.ts';
import { additionNotice } from '../notices/catalogue/messages.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { isLargerThan } from '../protocol/message.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { Edit, EditStore } from './edit-store.ts';
import { findReadable, lockReadable, type NamedMessage, ownChat, refWithin } from './readable-message.ts';
import { requireMayWrite, type WritingOptions } from './writing-rights.ts';

/** Whatever else knows what messages say: the index of texts. */
export interface EditedTexts {
  replace(tx: Transaction, ref: MessageRef, message: MsgData): Promise<void>;
}

export interface EditsOptions extends WritingOptions {
  readonly store: EditStore;
  readonly messages: Pick<MessageStore, 'bySeqs' | 'lockMessage' | 'rewrite'>;
  readonly views: ConversationViewStore;
  readonly texts: EditedTexts;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly limits: {
    readonly maxMessageBytes: number;
    /** Of one message. */
    readonly maxEdits: number;
  };
  /** For how long senders may edit what they have said, in ms; 0 is for ever. */
  readonly withinMs: number;
}

export interface EditRequest extends NamedMessage {
  readonly text: string;
  /** How many edits of the message the editor knows; null: it takes the place of whatever is there. */
  readonly version: number | null;
}

export interface EditedMessage {
  /** How many edits there are. */
  readonly version: number;
}

export class Edits {
  readonly #options: EditsOptions;

  constructor(options: EditsOptions) {
    this.#options = options;
  }

  /**
   * Replaces the text of an own message; all else of it stays. Everybody in the chat is told. The same text again is success,
   * and changes nothing.
   * @throws 1001 ill-formed, of a type without text, too large, edited too often, or edited meanwhile; 1002 not the caller's,
   * a message of somebody else, never in the group, or too late; 1004 no such message that the user may read; 1203, 1204,
   * 1302, 1303, 1402, 1403 the user may not write there; 1404 taken back
   */
  async edit(call: CallContext, request: EditRequest): Promise<EditedMessage> {
    const { userID, seq, text } = request;
    const { messages, store, unitOfWork, notifier, texts, now } = this.#options;
    if (text === '') throw errors.args('text is empty');
    requireAccess(call, userID);
    const view = await ownChat(this.#options.views, request);
    const ref = refWithin(view, seq);
    const { sendID } = await findReadable(messages, userID, ref);
    if (sendID !== userID) throw errors.noPermission('not a message of the user');
    await requireMayWrite(this.#options, view, userID);

    return unitOfWork.transaction(async (tx) => {
      const message = MsgData.decode((await lockReadable(messages, tx, ref)).body);
      const earlierText = textOf(message);
      const version = await store.version(tx, ref);
      if (earlierText === text) return { version };
      this.#requireMayEdit(message, request, version);
      const edited = withText(message, text);
      if (isLargerThan(edited, this.#options.limits.maxMessageBytes)) throw errors.args('the message is too large');
      const editedAt = now();
      await store.add(tx, ref, { version: version + 1, earlierText, editedAt });
      await messages.rewrite(tx, ref, Buffer.from(MsgData.encode(edited).finish()));
      await texts.replace(tx, ref, edited);
      await notifier.notify(tx, call, noticeOf(view, message, { version: version + 1, time: editedAt }));
      return { version: version + 1 };
    });
  }

  /**
   * What a message said before each of its edits, in order: for its sender, in a group also for owner and admins.
   * @throws 1001 ill-formed, 1002 not the caller's, somebody else's message, or never in the group; 1004, 1404 as above
   */
  async history(call: CallContext, request: NamedMessage): Promise<readonly Edit[]> {
    const { userID } = request;
    requireAccess(call, userID);
    const view = await ownChat(this.#options.views, request);
    const ref = refWithin(view, request.seq);
    const { sendID } = await findReadable(this.#options.messages, userID, ref);
    if (sendID !== userID && !call.caller.isAdmin) await this.#requireManager(view, userID);
    return this.#options.store.list(ref);
  }

  #requireMayEdit({ sendTime }: MsgData, request: EditRequest, version: number): void {
    const { withinMs, now, limits } = this.#options;
    if (withinMs > 0 && now() - sendTime > withinMs) throw errors.noPermission('too late to edit it');
    if (request.version !== null && request.version !== version) throw errors.args('it was edited meanwhile');
    if (version >= limits.maxEdits) throw errors.args(`it was edited ${limits.maxEdits} times`);
  }

  async #requireManager({ conversationType, groupID }: ConversationView, userID: string): Promise<void> {
    const role =
      conversationType === sessionTypes.group ? (await this.#options.facts.groupChat(userID, groupID)).role : 0;
    if (!isManager({ role: role ?? 0 })) throw errors.noPermission('not a message of the user');
  }
}

/** Where the text is, by the type of content. */
const textKeys: ReadonlyMap<number, string> = new Map([
  [contentTypes.text, 'content'],
  [contentTypes.markdown, 'content'],
  [contentTypes.atText, 'text'],
  [contentTypes.quote, 'text'],
]);

/** @throws 1001 the message has no text that could be edited */
function textOf(message: MsgData): string {
  const [, text] = fieldOf(message, textKeyOf(message));
  return typeof text === 'string' ? text : '';
}

/** Marks in the text are of the text that was there. */
function withText(message: MsgData, text: string): MsgData {
  const textKey = textKeyOf(message);
  const [name] = fieldOf(message, textKey);
  const kept = Object.entries(contentOf(message)).filter(([key]) => key.toLowerCase() !== 'messageentitylist');
  const content = { ...Object.fromEntries(kept), [name ?? textKey]: text };
  return { ...message, content: Buffer.from(JSON.stringify(content)) };
}

function textKeyOf({ contentType }: MsgData): string {
  const key = textKeys.get(contentType);
  if (key === undefined) throw errors.args('the message has no text to edit');
  return key;
}

/** Clients read names in any case. */
function fieldOf(message: MsgData, wanted: string): readonly [name: string | undefined, value: unknown] {
  const fields = Object.entries(contentOf(message));
  return (
    fields.find(([name]) => name === wanted) ??
    fields.find(([name]) => name.toLowerCase() === wanted) ?? [undefined, undefined]
  );
}

function contentOf({ content }: MsgData): object {
  return JSON.parse(Buffer.from(content).toString());
}

/** Without the text: what is taken back later must not stay in a notice. */
function noticeOf(
  { conversationID, groupID, peerUserID }: ConversationView,
  { seq, clientMsgID, sendID }: MsgData,
  edit: { readonly version: number; readonly time: number },
) {
  const data = { conversationID, seq, clientMsgID, userID: sendID, ...edit };
  return additionNotice(sendID, groupID === '' ? { recvID: peerUserID } : { groupID }, 'tessera.edit', data);
}
