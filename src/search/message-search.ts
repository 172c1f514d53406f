/**
 * What admins look for among all messages (conversations-messages chapter, 9.10). A call looks at a bounded number of
 * messages and says where it has stopped.
 */
import type { Group } from '../groups/group.ts';
import { type AnswerLimits, newAnswerBudget } from '../groups/group-answers.ts';
import type { GroupStore } from '../groups/group-store.ts';
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { TimeSlices } from '../kernel/time-slices.ts';
import type { MessageRef, MessageStore } from '../log/message-store.ts';
import { groupChatID, singleChatID } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { chatLogID } from '../protocol/log-id.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import type { User } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';
import { wordsOfKeyword } from './keyword.ts';
import type { MessagePlace, MessageScanStore, ScannedMessage } from './message-scan-store.ts';
import type { TextIndexStore } from './text-index-store.ts';

export interface MessageSearchOptions {
  readonly messages: MessageScanStore;
  readonly index: Pick<TextIndexStore, 'findAnywhere' | 'logNumbers'>;
  readonly revocations: Pick<MessageStore, 'revoked'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly groups: Pick<GroupStore, 'findMany'>;
  readonly limits: AnswerLimits & {
    /** That one call looks at. */
    readonly maxSearchedMessages: number;
    readonly maxKeywordBytes: number;
  };
}

/** Which messages are wanted; what is empty or 0 leaves out none. */
export interface MessageQuery {
  readonly sendID: string;
  /** The receiver of a single chat, or a group. */
  readonly recvID: string;
  readonly contentType: number;
  /** 1 or 3; others have no messages here. */
  readonly sessionType: number;
  /** Of UTC, YYYY-MM-DD. */
  readonly day: string;
  /** That the text holds; empty: any. */
  readonly keyword: string;
  readonly pagination: Pagination | null;
  /** Where an earlier call has stopped: the page begins there, whichever number it has. */
  readonly cursor: string;
}

export interface FoundMessage {
  /** As it was sent, taken back or not. */
  readonly message: MsgData;
  readonly isRevoked: boolean;
  /** Undefined for whom there is none any more, or of the other kind of chat. */
  readonly sender: User | undefined;
  readonly receiver: User | undefined;
  readonly group: Group | undefined;
}

export interface FoundMessages {
  readonly page: readonly FoundMessage[];
  /** Found in what was looked at: all there are, or at least so many where there is more to look at. */
  readonly total: number;
  /** Where to go on; empty: there is no more. */
  readonly nextCursor: string;
}

export class MessageSearch {
  readonly #options: MessageSearchOptions;

  constructor(options: MessageSearchOptions) {
    this.#options = options;
  }

  /**
   * The messages of single chats and groups, the oldest first; of two users or of a group, where no day is given, as
   * their chat has them; with a keyword, chat by chat. @throws 1001 ill-formed, or more than fits an answer; 1002
   */
  async find(call: CallContext, query: MessageQuery): Promise<FoundMessages> {
    const [start, end] = query.day === '' ? [0, Number.MAX_SAFE_INTEGER] : rangeOfDay(query.day);
    const pagination = requirePagination(query.pagination);
    const after = query.cursor === '' ? undefined : placeOf(query.cursor);
    const words = query.keyword === '' ? [] : wordsOfKeyword(query.keyword, this.#options.limits.maxKeywordBytes);
    requireAdmin(call);

    const skipped = after === undefined ? offsetOf(pagination) : 0;
    const page: ScannedMessage[] = [];
    let total = 0;
    let looked = 0;
    let last = after;
    const pieces = words.length === 0 ? this.#pieces(query, start, end, after) : this.#piecesWith(words, after);
    for await (const piece of pieces) {
      for (const message of piece) {
        last = message;
        looked += 1;
        if (message.sentAt < start || message.sentAt >= end || !isWanted(message, query)) continue;
        total += 1;
        if (total > skipped && page.length < pagination.showNumber) page.push(message);
      }
    }
    const isAll = looked < this.#options.limits.maxSearchedMessages;
    const isLastPage = total <= skipped + page.length;
    const next = isLastPage ? (isAll ? undefined : last) : (page.at(-1) ?? last);
    return {
      page: await this.#describe(page),
      total,
      nextCursor: next === undefined ? '' : cursorOf(next),
    };
  }

  /** What a call looks at, in order. */
  async *#pieces(
    query: MessageQuery,
    start: number,
    end: number,
    after: MessagePlace | undefined,
  ): AsyncGenerator<readonly ScannedMessage[]> {
    const { messages, limits } = this.#options;
    const logIDs = query.day === '' ? onlyLogs(query) : undefined;
    const slices = new TimeSlices();
    let left = limits.maxSearchedMessages;
    let place = after;
    // Of logs, the one where the call before has stopped comes first.
    const logs = logIDs?.slice(after === undefined ? 0 : Math.max(0, logIDs.indexOf(after.logID)));
    while (left > 0) {
      const limit = Math.min(left, messagesPerPiece);
      const logID = logs?.[0];
      if (logs !== undefined && logID === undefined) return;
      const piece: readonly ScannedMessage[] =
        logID === undefined
          ? await messages.between(start, end, place, limit)
          : await messages.inLog(logID, place?.logID === logID ? place.seq : 0, limit);
      left -= piece.length;
      place = piece.at(-1) ?? place;
      yield piece;
      if (piece.length < limit) {
        if (logs === undefined) return;
        logs.shift();
      }
      if (slices.isOver) await slices.next();
    }
  }

  /** The same of those whose text holds the words. */
  async *#piecesWith(
    words: readonly string[],
    after: MessagePlace | undefined,
  ): AsyncGenerator<readonly ScannedMessage[]> {
    const { index, limits } = this.#options;
    const slices = new TimeSlices();
    let left = limits.maxSearchedMessages;
    let place = after && {
      logNo: (await index.logNumbers([after.logID])).get(after.logID) ?? 0,
      seq: after.seq,
    };
    while (left > 0) {
      const limit = Math.min(left, messagesPerPiece);
      const piece = await index.findAnywhere(words, place, limit);
      left -= piece.length;
      place = piece.at(-1);
      yield piece;
      if (piece.length < limit) return;
      if (slices.isOver) await slices.next();
    }
  }

  async #describe(page: readonly ScannedMessage[]): Promise<FoundMessage[]> {
    const budget = newAnswerBudget(this.#options.limits);
    const found: FoundMessage[] = [];
    for (let from = 0; from < page.length; from += messagesReadTogether) {
      const places = page.slice(from, from + messagesReadTogether);
      const bodies = await this.#options.messages.bodies(places);
      const revoked = new Set((await this.#options.revocations.revoked(places)).map(refOf));
      const messages = bodies.map((body) => (body === undefined ? undefined : MsgData.decode(body)));
      const [users, groups] = await this.#partners(messages.filter((message) => message !== undefined));
      for (const [index, place] of places.entries()) {
        const message = messages[index];
        if (message === undefined) continue;
        const isToGroup = message.sessionType === sessionTypes.group;
        const described = {
          message,
          isRevoked: revoked.has(refOf(place)),
          sender: isToGroup ? undefined : users.get(message.sendID),
          receiver: isToGroup ? undefined : users.get(message.recvID),
          group: isToGroup ? groups.get(message.groupID) : undefined,
        };
        budget.take(
          { ...message, content: Buffer.from(message.content).toString() },
          described.sender,
          described.receiver,
          described.group,
        );
        found.push(described);
      }
    }
    return found;
  }

  async #partners(messages: readonly MsgData[]): Promise<[Map<string, User>, Map<string, Group>]> {
    const { users, groups } = this.#options;
    const isToGroup = ({ sessionType }: MsgData) => sessionType === sessionTypes.group;
    const single = messages.filter((message) => !isToGroup(message));
    const userIDs = [...new Set(single.flatMap(({ sendID, recvID }) => [sendID, recvID]))];
    const groupIDs = [...new Set(messages.filter(isToGroup).map(({ groupID }) => groupID))];
    const [foundUsers, foundGroups] = await Promise.all([
      userIDs.length === 0 ? [] : users.find(userIDs),
      groupIDs.length === 0 ? [] : groups.findMany(groupIDs),
    ]);
    return [
      new Map(foundUsers.map((user) => [user.userID, user])),
      new Map(foundGroups.map((group) => [group.groupID, group])),
    ];
  }
}

/** SQLite reads a piece at once, in about a millisecond. */
const messagesPerPiece = 500;
const messagesReadTogether = 50;

function isWanted(message: ScannedMessage, { sendID, recvID, contentType, sessionType }: MessageQuery): boolean {
  if (contentType !== 0 && message.contentType !== contentType) return false;
  if (sendID !== '' && message.sendID !== sendID) return false;
  const own = sessionOf(message.logID);
  if (own === undefined || (sessionType !== 0 && own !== sessionType)) return false;
  if (recvID === '') return true;
  return message.logID === (own === sessionTypes.group ? groupChatID(recvID) : pairLogOf(message.sendID, recvID));
}

/** @returns undefined for what is not looked for: notifications, and messages of notification accounts */
function sessionOf(logID: string): number | undefined {
  if (logID.startsWith('sg_')) return sessionTypes.group;
  // See protocol/log-id.ts for the second form.
  return logID.startsWith('si_') || logID.startsWith('si/') ? sessionTypes.single : undefined;
}

/** The logs that hold all that is wanted, where the query says as much. */
function onlyLogs({ sendID, recvID, sessionType }: MessageQuery): string[] | undefined {
  if (recvID === '') return undefined;
  if (sessionType === sessionTypes.group) return [groupChatID(recvID)];
  if (sendID === '') return undefined;
  const pair = pairLogOf(sendID, recvID);
  return sessionType === sessionTypes.single ? [pair] : [pair, groupChatID(recvID)];
}

function pairLogOf(sendID: string, recvID: string): string {
  return chatLogID({
    conversationID: singleChatID(sendID, recvID),
    conversationType: sessionTypes.single,
    ownerUserID: sendID,
    userID: recvID,
  });
}

/** Unix ms, the end not included. @throws 1001 */
function rangeOfDay(day: string): readonly [start: number, end: number] {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(start) || new Date(start).toISOString().slice(0, day.length) !== day) {
    throw errors.args('sendTime is no day of the form 2006-01-02');
  }
  return [start, start + dayMs];
}

const dayMs = 86_400_000;

function cursorOf({ sentAt, logID, seq }: MessagePlace): string {
  return Buffer.from(JSON.stringify([sentAt, seq, logID])).toString('base64url');
}

/** @throws 1001 */
function placeOf(cursor: string): MessagePlace {
  const [, sentAt, seq, logID] =
    /^\[(\d{1,15}),(\d{1,15}),"([^"\\]+)"\]$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (logID === undefined) throw errors.args('cursor is not one that this endpoint gave');
  return { sentAt: Number(sentAt), seq: Number(seq), logID };
}

function refOf({ logID, seq }: MessageRef): string {
  return `${logID} ${seq}`;
}
