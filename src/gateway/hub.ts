/**
 * Who is connected here: a user's sessions, and everything that reaches a session from outside its own socket (pushes,
 * the end of a token). Protocol: websocket.md 5, 6, 7.2.
 */
import type { Delivery } from '../log/delivery.ts';
import type { Presence } from '../presence/presence.ts';
import { takesPushes } from '../presence/reach.ts';
import { encodePush } from '../protocol/message-bytes.ts';
import { platformName, reqIdentifiers } from '../protocol/numbers/constants.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TokenEventMap } from '../tokens/events.ts';
import { closeReasons } from './connection/close-reason.ts';
import { SharedFrame } from './connection/frame-variant.ts';
import type { Session, SessionObserver } from './connection/session.ts';
import { isCutOff } from './handshake/token-watch.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface HubOptions {
  readonly metrics: Metrics;
  /** Told of every connection that comes or goes. */
  readonly presence: Pick<Presence, 'report'>;
  readonly subscriptions: Subscriptions;
}

export class Hub implements SessionObserver {
  readonly #options: HubOptions;
  /** Every session whose socket is not gone yet, those that are ending included. */
  readonly #all = new Set<Session>();
  /** Those that can be pushed to. The lists are replaced, never changed: one may be in the middle of a loop. */
  readonly #byUser = new Map<string, readonly Session[]>();
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
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
    this.#setSessions(session.userID, [...this.sessionsOf(session.userID), session]);
    this.#options.metrics.gatewayConnections.inc({ platform: platformName(session.platformID) });
  }

  onEnding(session: Session): void {
    this.#options.subscriptions.drop(session);
    const rest = this.sessionsOf(session.userID).filter((other) => other !== session);
    this.#setSessions(session.userID, rest);
  }

  onClosed(session: Session): void {
    if (!this.#all.delete(session)) return;
    this.#options.metrics.gatewayConnections.dec({ platform: platformName(session.platformID) });
    if (this.#all.size === 0) this.#emptied?.resolve();
  }

  /** Pushes a message to every connection of its recipients that takes pushes, the sending one included. */
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
        if (!takesPushes(session)) continue;
        session.push(frame, operationID);
        pushed++;
      }
    }
    if (pushed > 0) this.#options.metrics.pushes.inc(pushed);
  }

  /** Kicks the sockets that tokens opened which are no longer accepted. */
  endTokens({ userID, jtis }: TokenEventMap['tokensEnded']): void {
    for (const session of this.sessionsOf(userID)) {
      if (jtis.includes(session.jti)) session.end(closeReasons.kicked);
    }
  }

  /** Kicks the sockets whose tokens a cutoff has ended. */
  endCutOff(cutoff: TokenEventMap['cutoffRaised']): void {
    const candidates = cutoff.userID === '' ? this.#all : this.sessionsOf(cutoff.userID);
    for (const session of candidates) {
      if (isCutOff(session, cutoff)) session.end(closeReasons.kicked);
    }
  }

  /** Ends the sockets whose tokens were signed with a key that is no longer accepted. */
  endKeys({ kids }: TokenEventMap['keysReplaced']): void {
    for (const session of this.#all) {
      if (!kids.has(session.kid)) session.end(closeReasons.keyRetired);
    }
  }

  /** Brings the end of sockets forward whose token has been superseded. */
  shortenTokens({ userID, jtis, acceptedUntil }: TokenEventMap['tokensSuperseded']): void {
    for (const session of this.sessionsOf(userID)) {
      if (!jtis.includes(session.jti)) continue;
      session.endsAt = Math.min(session.endsAt, acceptedUntil);
      session.isSuperseded = true;
    }
  }

  /** Resolves when no socket is left. */
  async whenEmpty(): Promise<void> {
    if (this.#all.size === 0) return;
    this.#emptied ??= Promise.withResolvers<void>();
    await this.#emptied.promise;
  }

  #setSessions(userID: string, sessions: readonly Session[]): void {
    if (sessions.length === 0) this.#byUser.delete(userID);
    else this.#byUser.set(userID, sessions);
    this.#options.presence.report(userID, sessions);
  }
}

const none: readonly Session[] = [];
