/** One message of a back end to many users, each in a chat of its own (conversations-messages chapter, 9.3). */
import type { CallContext } from '../kernel/caller.ts';
import type { Acknowledgement } from '../log/pipeline.ts';
import { errors } from '../protocol/errors.ts';
import type { MsgData } from '../protocol/gen/openim.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { UserStore } from '../users/user-store.ts';
import type { BackendMessage } from './backend-message.ts';
import type { Messenger } from './messenger.ts';

export interface BatchSenderOptions {
  readonly messenger: Pick<Messenger, 'fromBackend' | 'send'>;
  readonly users: Pick<UserStore, 'ids'>;
  /** A random 32-digit hexadecimal ID. */
  readonly newMessageID: () => string;
  /** The result names as many receivers at most; what goes to all users may have more. */
  readonly maxNamed: number;
}

export interface BatchResult {
  readonly sent: readonly (Acknowledgement & { readonly recvID: string })[];
  /** Who did not get it, for whatever reason. */
  readonly failedUserIDs: readonly string[];
}

/** What is under way at once; the others wait. */
const sliceSize = 64;
const pageSize = 1024;

export class BatchSender {
  readonly #options: BatchSenderOptions;

  constructor(options: BatchSenderOptions) {
    this.#options = options;
  }

  /**
   * Sends to each of `recvIDs`, or to all users; admins only. All messages have one clientMsgID. A receiver who cannot be
   * sent to fails alone.
   * @throws 1001 ill-formed, 1002 no admin; of 1400 as {@link Messenger.sendFromBackend}
   */
  async send(call: CallContext, request: BackendMessage, recvIDs: readonly string[] | 'all'): Promise<BatchResult> {
    const template = await this.#options.messenger.fromBackend(call, request);
    if (template.sessionType !== sessionTypes.single && template.sessionType !== sessionTypes.notification) {
      throw errors.args('only single chats and notification accounts have a batch');
    }
    const message = { ...template, clientMsgID: this.#options.newMessageID() };
    const result = { sent: [], failedUserIDs: [] };
    if (recvIDs !== 'all') {
      await this.#sendToEach(call, message, [...new Set(recvIDs)], result);
      return result;
    }
    for (let offset = 0; ; offset += pageSize) {
      const page = await this.#options.users.ids(offset, pageSize);
      await this.#sendToEach(call, message, page, result);
      if (page.length < pageSize) return result;
    }
  }

  async #sendToEach(call: CallContext, message: MsgData, recvIDs: readonly string[], result: Growing): Promise<void> {
    const { messenger, maxNamed } = this.#options;
    for (let start = 0; start < recvIDs.length; start += sliceSize) {
      const slice = recvIDs.slice(start, start + sliceSize);
      const outcomes = await Promise.allSettled(slice.map((recvID) => messenger.send(call, { ...message, recvID })));
      for (const [index, outcome] of outcomes.entries()) {
        const recvID = slice[index] ?? '';
        if (outcome.status === 'rejected') addUpTo(maxNamed, result.failedUserIDs, recvID);
        else addUpTo(maxNamed, result.sent, { ...outcome.value, recvID });
      }
    }
  }
}

interface Growing {
  readonly sent: (Acknowledgement & { readonly recvID: string })[];
  readonly failedUserIDs: string[];
}

function addUpTo<T>(maximum: number, list: T[], item: T): void {
  if (list.length < maximum) list.push(item);
}
