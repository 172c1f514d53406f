/** A user's device that keeps every message and notification that it is pushed, until a test asks for it. */
import { randomUUID } from 'node:crypto';
import { type MsgData, PushMessages } from '../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { connect, type JsonReply, type SocketClient } from '../support/socket-client.ts';
import type { World } from './world.ts';

export interface Heard {
  readonly conversationID: string;
  readonly message: MsgData;
  /** Of a notification, or what is shown of it in the chat. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the notification tells
  readonly tips: any;
  /** Of the push. */
  readonly operationID: string;
}

export class Listener implements AsyncDisposable {
  readonly userID: string;
  readonly #socket: SocketClient;
  readonly #heard: Heard[] = [];

  private constructor(userID: string, socket: SocketClient) {
    this.userID = userID;
    this.#socket = socket;
  }

  static async open(world: World, userID: string, platformID = 5): Promise<Listener> {
    const token = await world.issue(userID, platformID);
    const query = { sendID: userID, platformID: `${platformID}`, token };
    return new Listener(userID, await connect({ port: world.wsPort, query }));
  }

  /**
   * The next notification of that type, or what is shown of it in the chat; others are kept for later.
   * @param options.toOneself not one of those that the user's own doing has sent to others
   */
  async hear(contentType: number, { inChat = false, toOneself = false } = {}): Promise<Heard> {
    const isMeant = ({ conversationID, message }: Heard) =>
      message.contentType === contentType &&
      conversationID.startsWith('n_') !== inChat &&
      (message.recvID === this.userID || !toOneself);
    for (;;) {
      const index = this.#heard.findIndex(isMeant);
      const [found] = index === -1 ? [] : this.#heard.splice(index, 1);
      if (found !== undefined) return found;
      this.#heard.push(...heardIn(await this.#socket.nextReply()));
    }
  }

  /** The answer to a request of the device's own. */
  async ask(reqIdentifier: number, data: Uint8Array): Promise<Buffer> {
    this.#socket.send(reqIdentifier, data);
    for (;;) {
      const reply = await this.#socket.nextReply();
      if (reply.reqIdentifier === reqIdentifier) return Buffer.from(reply.data ?? '', 'base64');
      this.#heard.push(...heardIn(reply));
    }
  }

  /** How many of that type have come, and have not been asked for. */
  count(contentType: number): number {
    return this.#heard.filter(({ message }) => message.contentType === contentType).length;
  }

  /** All that has come of what was called before, and has not been asked for. */
  async everything(world: World): Promise<readonly Heard[]> {
    // What is stored may share the commit with the first of them, and leave behind it: not behind the second.
    for (let markers = 0; markers < 2; markers += 1) {
      const operationID = `${marker}${randomUUID()}`;
      await world.send({
        path: '/user/update_user_info_ex',
        headers: { operationID, token: world.token('admin') },
        body: JSON.stringify({ userInfo: { userID: this.userID, ex: '' } }),
      });
      while (!this.#heard.some((heard) => heard.operationID === operationID)) {
        this.#heard.push(...heardIn(await this.#socket.nextReply()));
      }
    }
    // Another device of the user's may have had its own.
    return this.#heard.splice(0).filter((heard) => !heard.operationID.startsWith(marker));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.close();
  }
}

/** Begins the operationIDs of calls that only show that all before has come. */
const marker = 'marker-';

function heardIn({ reqIdentifier, operationID, data }: JsonReply): Heard[] {
  if (reqIdentifier !== reqIdentifiers.pushMessage) return [];
  const { msgs, notificationMsgs } = PushMessages.decode(Buffer.from(data ?? '', 'base64'));
  return [...msgs, ...notificationMsgs].flatMap(([conversationID, { Msgs }]) =>
    Msgs.map((message) => ({ conversationID, message, tips: tipsOf(message), operationID })),
  );
}

function tipsOf({ content }: MsgData): unknown {
  const { detail } = JSON.parse(Buffer.from(content).toString());
  return typeof detail === 'string' ? JSON.parse(detail) : undefined;
}
