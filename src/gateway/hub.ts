/**
 * Who is connected here: a user's sessions, and everything that reaches a session from outside its own socket (pushes,
 * the end of a token). Protocol: websocket.md 5, 6, 7.2.
 */
import type { Delivery } from '../messages/delivery.ts';
import { reqIdentifiers } from '../protocol/constants.ts';
import { encodePush } from '../protocol/message-bytes.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TokenEventMap } from '../tokens/events.ts';
import { closeReasons } from './close-reason.ts';
import { SharedFrame } from './frame-variant.ts';
import type { Session, SessionObserver } from './session.ts';

export class Hub implements SessionObserver {
  readonly #metrics: Metrics;
  /** Every session whose socket is not gone yet, those that are ending included. */
  readonly #all = new Set<Session>();
  /** Those that can be pushed to. The lists are replaced, never changed: one may be in the middle of a loop. */
  readonly #byUser = new Map<string, readonly Session[]>();
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  get all(): ReadonlySet<Session> {
    return this.#all;
  }

  /** The sessions of a user that are not ending, oldest first. */
  sessionsOf(userID: string): readonly Session[] {
    return this.#byUser.get(userID) ?? none;
  }

  /** From now on the session gets pushes, and ends with its token. To be called before its first frame is read. */
  add(session: Session): void {
    this.#all.add(session);
    this.#byUser.set(session.userID, [...this.sessionsOf(session.userID), session]);
    this.#metrics.gatewayConnections.inc({ platform: session.platformID });
  }

  onEnding(session: Session): void {
    const rest = this.sessionsOf(session.userID).filter((other) => other !== session);
    if (rest.length === 0) this.#byUser.delete(session.userID);
    else this.#byUser.set(session.userID, rest);
  }

  onClosed(session: Session): void {
    if (!this.#all.delete(session)) return;
    this.#metrics.gatewayConnections.dec({ platform: session.platformID });
    if (this.#all.size === 0) this.#emptied?.resolve();
  }

  /** Pushes a message to every connection of its recipients, the sending one included. */
  deliver({ userIDs, conversationID, body, operationID }: Delivery): void {
    const frame = new SharedFrame(() => ({
      reqIdentifier: reqIdentifiers.pushMessage,
      msgIncr: '',
      operationID,
      errCode: 0,
      errMsg: '',
      data: encodePush(conversationID, body),
    }));
    let pushed = 0;
    for (const userID of userIDs) {
      for (const session of this.sessionsOf(userID)) {
        session.push(frame, operationID);
        pushed++;
      }
    }
    if (pushed > 0) this.#metrics.pushes.inc(pushed);
  }

  /** Kicks the sockets that tokens opened which are no longer accepted. */
  endTokens({ userID, jtis }: TokenEventMap['tokensEnded']): void {
    for (const session of this.sessionsOf(userID)) {
      if (jtis.includes(session.jti)) session.end(closeReasons.kicked);
    }
  }

  /** Brings the end of sockets forward whose admin token has been superseded. */
  shortenTokens({ userID, jtis, acceptedUntil }: TokenEventMap['tokensSuperseded']): void {
    for (const session of this.sessionsOf(userID)) {
      if (jtis.includes(session.jti)) session.endsAt = Math.min(session.endsAt, acceptedUntil);
    }
  }

  /** Resolves when no socket is left. */
  async whenEmpty(): Promise<void> {
    if (this.#all.size === 0) return;
    this.#emptied ??= Promise.withResolvers<void>();
    await this.#emptied.promise;
  }
}

const none: readonly Session[] = [];
