/**
 * How stored messages look to who reads them (conversations-messages chapter, 8.4): bodies stay as they were sent, and what
 * has become of a message is applied here, on every way by which one is read.
 */
import type { MessageStore, Revocation, RevokedMessage, StoredMessage } from '../log/message-store.ts';
import { MsgData, OfflinePushInfo } from '../protocol/gen/openim.ts';
import { withReadFlag } from '../protocol/message-bytes.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { msgStatus } from '../protocol/numbers/messages.ts';
import { notificationTypes } from '../protocol/numbers/notices.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';

/** A stored message and the log that it was read from. */
export interface ReadMessage {
  readonly logID: string;
  readonly message: StoredMessage;
}

/**
 * The messages as encoded MsgData, in the order given. One query more if some quote others, whatever their number.
 * Only single chats show that a message was read.
 */
export async function presented(
  store: Pick<MessageStore, 'revoked'>,
  messages: readonly ReadMessage[],
): Promise<readonly Buffer[]> {
  const quotes = messages.map(quoteOf);
  const refs = messages.flatMap(({ logID }, index) => {
    const seq = quotes[index]?.quotedSeq;
    return seq === undefined ? [] : [{ logID, seq }];
  });
  const revoked = new Map(
    refs.length === 0 ? [] : (await store.revoked(refs)).map((found) => [`${found.logID}\0${found.seq}`, found]),
  );
  return messages.map(({ logID, message }, index) => {
    const quote = quotes[index];
    const quoted = quote === undefined ? undefined : revoked.get(`${logID}\0${quote.quotedSeq}`);
    return bodyOf(message, quote, quoted);
  });
}

function bodyOf(message: StoredMessage, quote: Quote | undefined, quoted: RevokedMessage | undefined): Buffer {
  const { revocation } = message;
  if (message.isDeleted) return deletedBody(message.body);
  const body =
    revocation !== undefined
      ? revokedBody(message.body, revocation)
      : quote !== undefined && quoted !== undefined
        ? quotingRevoked(message.body, quote, quoted)
        : message.body;
  return message.isRead && message.sessionType === sessionTypes.single ? withReadFlag(body) : body;
}

/** Clients put a placeholder in its place. */
function deletedBody(body: Buffer): Buffer {
  const bare = { ...MsgData.decode(body), content: new Uint8Array(0), status: msgStatus.deleted };
  return Buffer.from(MsgData.encode(bare).finish());
}

/** Nothing of what was said is left; IDs, seq, sender and times are. */
function revokedBody(body: Buffer, revocation: Revocation): Buffer {
  const message = MsgData.decode(body);
  const content = Buffer.from(revokedContent(message, revocation));
  const shown = { ...message, contentType: notificationTypes.messageRevoked, content };
  // Clients read its members without looking whether it is there.
  const silent = { atUserIDList: [], attachedInfo: '', offlinePushInfo: OfflinePushInfo.decode(new Uint8Array(0)) };
  return Buffer.from(MsgData.encode({ ...shown, ...silent }).finish());
}

function revokedContent(message: MsgData, revocation: Revocation): string {
  const detail = {
    revokerID: revocation.revokerID,
    revokerRole: revocation.revokerRole,
    clientMsgID: message.clientMsgID,
    revokerNickname: revocation.revokerNickname,
    revokeTime: revocation.revokedAt,
    sourceMessageSendTime: message.sendTime,
    sourceMessageSendID: message.sendID,
    sourceMessageSenderNickname: message.senderNickname,
    sessionType: message.sessionType,
    seq: message.seq,
    ex: message.ex,
  };
  return JSON.stringify({ detail: JSON.stringify(detail) });
}

/** The content of a message that quotes another of its conversation. */
interface Quote {
  readonly content: object;
  /** Of the quoted message; Go matches keys in any case. */
  readonly key: string;
  readonly quotedMessage: object;
  /** Positive: a sender who did not know it yet has written 0. */
  readonly quotedSeq: number;
}

function quoteOf({ message }: ReadMessage): Quote | undefined {
  const isShown = !message.isDeleted && message.revocation === undefined;
  if (!isShown || !quotingTypes.has(message.contentType)) return undefined;
  try {
    const content = JSON.parse(Buffer.from(MsgData.decode(message.body).content).toString());
    const [key, quotedMessage] = Object.entries(content).find(([key]) => key.toLowerCase() === 'quotemessage') ?? [];
    if (key === undefined || typeof quotedMessage !== 'object' || quotedMessage === null) return undefined;
    const [, quotedSeq] = Object.entries(quotedMessage).find(([key]) => key.toLowerCase() === 'seq') ?? [];
    return Number.isSafeInteger(quotedSeq) && quotedSeq > 0 ? { content, key, quotedMessage, quotedSeq } : undefined;
  } catch {
    // Nobody's clients could read it either.
    return undefined;
  }
}

const quotingTypes: ReadonlySet<number> = new Set([contentTypes.quote, contentTypes.atText]);

/** What was said is gone from the quote, too, whichever key holds it. */
function quotingRevoked(body: Buffer, { content, key, quotedMessage }: Quote, quoted: RevokedMessage): Buffer {
  const detail = revokedContent(MsgData.decode(quoted.body), quoted.revocation);
  const kept = Object.entries(quotedMessage).filter(([name]) => !saysSomething(name.toLowerCase()));
  const shown = {
    ...Object.fromEntries(kept),
    contentType: notificationTypes.messageRevoked,
    content: detail,
    notificationElem: JSON.parse(detail),
  };
  const message = MsgData.decode(body);
  const text = JSON.stringify({ ...content, [key]: shown });
  return Buffer.from(MsgData.encode({ ...message, content: Buffer.from(text) }).finish());
}

function saysSomething(name: string): boolean {
  return name.endsWith('elem') || telling.has(name);
}

const telling: ReadonlySet<string> = new Set(['content', 'contenttype', 'attachedinfo', 'offlinepush']);
