/**
 * Who is connected here: a user's sessions, and everything that reaches a session from outside its own socket (pushes,
 * the end of a token). Coming and going cost the same however many there are. Protocol: websocket.md 5, 6, 7.2.
 */
import { forEachInSlices } from '../kernel/time-slices.ts';
import type { Audience, Delivery, GroupVersion } from '../log/delivery.ts';
import type { DeliveryResults } from '../log/delivery-results.ts';
import type { Committed } from '../log/outgoing-store.ts';
import type { Presence } from '../presence/presence.ts';
import { isPhoneReached, takesPushes } from '../presence/reach.ts';
import { encodePush } from '../protocol/message-bytes.ts';
import { platformLabel } from '../protocol/numbers/platforms.ts';
import { reqIdentifiers } from '../protocol/numbers/request-identifiers.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TokenEventMap } from '../tokens/events.ts';
import { ClosingPortions } from './closing-portions.ts';
import { type CloseReason, closeReasons, cutReasons } from './connection/close-reason.ts';
import { SharedFrame } from './connection/frame-variant.ts';
import type { Session, SessionObserver } from './connection/session.ts';
import { FanOut } from './fan-out.ts';
import type { GroupIndex } from './group-index.ts';
import { isCutOff } from './handshake/token-watch.ts';
import type { GatewayLimits } from './limits.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface HubOptions {
  readonly metrics: Metrics;
  /** Told of every connection that comes or goes. */
  readonly presence: Pick<Presence, 'opened' | 'changed' | 'closed'>;
  readonly subscriptions: Subscriptions;
  readonly groups: GroupIndex;
  readonly limits: Pick<GatewayLimits, 'maxSocketsPerToken' | 'maxSocketsPerUser'>;
  /** What has committed by now, of a node: see {@link Delivery.storedBy}. */
  readonly committed?: (() => Promise<Committed>) | undefined;
  /** Told of every message; undefined while nobody is woken offline. */
  readonly results?: DeliveryResults | undefined;
}

/** Why a session is to end, if it is. */
type Verdict = (session: Session) => CloseReason | undefined;

export class Hub implements SessionObserver {
  readonly #options: HubOptions;
  /** Every session whose socket is not gone yet, those that are ending included. */
  readonly #all = new Set<Session>();
  /** Those that can be pushed to, by user and by token, oldest first; no set is empty. */
  readonly #byUser = new Map<string, Set<Session>>();
  readonly #byToken = new Map<string, Set<Session>>();
  readonly #fanOut = new FanOut<Session>();
  /** What a session can pull, for it had committed before the first frame was read: all, until then. */
  readonly #committedBefore = new WeakMap<Session, Committed>();
  /** Of the sweeps under way, for sessions that they have not reached. */
  readonly #sweeps = new Set<Verdict>();
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  get all(): ReadonlySet<Session> {
    return this.#all;
  }

  /** The sessions of a user that are not ending, oldest first. */
  sessionsOf(userID: string): ReadonlySet<Session> {
    return this.#byUser.get(userID) ?? none;
  }

  /**
   * From now on the session gets pushes, and ends with its token. To be called before its first frame is read, which is
   * not to happen before what this returns has resolved. If its token or user has too many, the oldest makes room.
   */
  add(session: Session): Promise<void> | undefined {
    const { presence, metrics, groups, limits, committed } = this.#options;
    this.#all.add(session);
    const ofUser = addTo(this.#byUser, session.userID, session);
    const ofToken = addTo(this.#byToken, session.jti, session);
    const isFound = presence.opened(session);
    metrics.gatewayConnections.inc({ platform: platformLabel(session.platformID) });
    if (ofToken.size > limits.maxSocketsPerToken) crowdOut(ofToken);
    if (ofUser.size > limits.maxSocketsPerUser) crowdOut(ofUser);
    const hasGroups = groups.enter(session.userID, isFound);
    if (committed === undefined) return hasGroups;
    this.#committedBefore.set(session, everything);
    return this.#enter(session, committed(), hasGroups);
  }

  async #enter(session: Session, committed: Promise<Committed>, hasGroups: Promise<void> | undefined): Promise<void> {
    const [before] = await Promise.all([committed, hasGroups]);
    this.#committedBefore.set(session, before);
  }

  onChanged(session: Session): void {
    this.#options.presence.changed(session);
  }

  /** The client of a session may have left it without a word, and come back elsewhere. */
  doubt(userID: string, connID: string): void {
    for (const session of this.sessionsOf(userID)) if (session.connID === connID) session.probe();
  }

  onEnding(session: Session): void {
    const { subscriptions, presence, groups } = this.#options;
    subscriptions.drop(session);
    removeFrom(this.#byToken, session.jti, session);
    removeFrom(this.#byUser, session.userID, session);
    if (!this.#byUser.has(session.userID)) groups.leave(session.userID);
    presence.closed(session);
  }

  onClosed(session: Session): void {
    if (!this.#all.delete(session)) return;
    this.#options.metrics.gatewayConnections.dec({ platform: platformLabel(session.platformID) });
    if (this.#all.size === 0) this.#emptied?.resolve();
  }

  beforeRequest(session: Session): void {
    // As nearly always: every request and every push comes by here.
    if (this.#sweeps.size === 0) return;
    for (const verdictOn of this.#sweeps) endBy(verdictOn, session);
  }

  /** Pushes a message to every connection of its audience that takes pushes, the sending one included. */
  deliver(delivery: Delivery): void | Promise<void> {
    const { audience, asOf } = delivery;
    const catchingUp =
      'group' in audience && asOf !== undefined ? this.#options.groups.catchUp(audience.group, asOf) : undefined;
    if (catchingUp !== undefined) return catchingUp.then(() => this.#deliver(delivery));
    this.#deliver(delivery);
  }

  #deliver(delivery: Delivery): void {
    const { audience, conversationID, body, operationID, asOf, storedBy } = delivery;
    const frame = new SharedFrame(() => ({
      reqIdentifier: reqIdentifiers.pushMessage,
      msgIncr: '',
      operationID,
      errCode: 0,
      errMsg: '',
      data: encodePush(conversationID, body),
    }));
    const { results, metrics } = this.#options;
    let receivers = this.#receiversOf(audience, asOf);
    const reached = results === undefined ? undefined : new Set<string>();
    if (storedBy !== undefined) {
      receivers = receivers.filter((session) => {
        const isFound = this.#committedBefore.get(session)?.has(storedBy) === true;
        if (isFound && isPhoneReached([session])) reached?.add(session.userID);
        return !isFound;
      });
    }
    let left = receivers.length;
    if (left === 0) {
      if (reached !== undefined) results?.note(delivery, reached);
      return;
    }
    metrics.pushes.inc(left);
    this.#fanOut.start(conversationID, receivers, (session) => {
      this.beforeRequest(session);
      const isTaken = session.push(frame, operationID);
      if (reached === undefined) return;
      if (isTaken && isPhoneReached([session])) reached.add(session.userID);
      left -= 1;
      if (left === 0) results?.note(delivery, reached);
    });
  }

  /** As far as is known here: of a group, whether a member is online. */
  concerns(audience: Audience): boolean {
    const named = 'users' in audience ? audience.users : (audience.plus ?? []);
    if ('group' in audience && this.#options.groups.concerns(audience.group)) return true;
    return named.some((userID) => this.#byUser.has(userID));
  }

  /** Kicks the sockets that tokens opened which are no longer accepted. */
  endTokens({ jtis }: TokenEventMap['tokensEnded']): void {
    // Most logins end a token that has no socket.
    if (!jtis.some((jti) => this.#byToken.has(jti))) return;
    const ended = new Set(jtis);
    this.#sweep(this.#openedBy(ended), ({ jti }) => (ended.has(jti) ? closeReasons.kicked : undefined));
  }

  /** Kicks the sockets whose tokens a cutoff has ended. */
  endCutOff(cutoff: TokenEventMap['cutoffRaised']): void {
    const candidates = cutoff.userID === '' ? this.#all : this.sessionsOf(cutoff.userID);
    this.#sweep(candidates, (session) => (isCutOff(session, cutoff) ? closeReasons.kicked : undefined));
  }

  /** Ends the sockets whose tokens were signed with a key that is no longer accepted. */
  endKeys({ kids }: TokenEventMap['keysReplaced']): void {
    this.#sweep(this.#all, (session) => (kids.has(session.kid) ? undefined : closeReasons.keyRetired));
  }

  /** Brings the end of sockets forward whose token has been superseded. */
  shortenTokens({ jtis, acceptedUntil }: TokenEventMap['tokensSuperseded']): void {
    for (const jti of jtis) {
      for (const session of this.#byToken.get(jti) ?? none) {
        session.endsAt = Math.min(session.endsAt, acceptedUntil);
        session.isSuperseded = true;
      }
    }
  }

  /** Resolves when no socket is left. */
  async whenEmpty(): Promise<void> {
    if (this.#all.size === 0) return;
    this.#emptied ??= Promise.withResolvers<void>();
    await this.#emptied.promise;
  }

  *#openedBy(jtis: Iterable<string>): Iterable<Session> {
    for (const jti of jtis) yield* this.#byToken.get(jti) ?? none;
  }

  /** Ends many in portions; those that wait for it are judged before each of their requests and pushes. */
  #sweep(sessions: Iterable<Session>, verdictOn: Verdict): void {
    this.#sweeps.add(verdictOn);
    const portions = new ClosingPortions();
    const visit = (session: Session) => {
      if (endBy(verdictOn, session)) portions.count();
    };
    void forEachInSlices(sessions, visit, portions).finally(() => this.#sweeps.delete(verdictOn));
  }

  /** As of now, on a node as of the message: who joins or leaves before the last push is as in or out as before. */
  #receiversOf(audience: Audience, asOf: GroupVersion | undefined): Session[] {
    const receivers: Session[] = [];
    const only = audience.only === undefined ? undefined : new Set(audience.only);
    for (const userID of this.#usersOf(audience, asOf)) {
      if (only?.has(userID) === false) continue;
      for (const session of this.sessionsOf(userID)) if (takesPushes(session)) receivers.push(session);
    }
    return receivers;
  }

  #usersOf(audience: Audience, asOf: GroupVersion | undefined): Iterable<string> {
    if ('users' in audience) return distinct(audience.users);
    const { group, plus, except, isLast } = audience;
    let users = this.#options.groups.membersOf(group, asOf);
    // A message has neither, and its members are not copied.
    if (plus !== undefined) users = users.union(new Set(plus));
    if (except !== undefined) users = users.difference(new Set(except));
    if (isLast) this.#options.groups.forget(group);
    return users;
  }
}

const none: ReadonlySet<Session> = new Set();
const everything: Committed = { has: () => true };

/** One or two, as nearly always, are compared without a set. */
function distinct(userIDs: readonly string[]): Iterable<string> {
  const isDistinct = userIDs.length < 2 || (userIDs.length === 2 && userIDs[0] !== userIDs[1]);
  return isDistinct ? userIDs : new Set(userIDs);
}

/** Whoever is pushed out that often and does not even answer the close frame is not waited for. */
const crowdedOutMs = 1000;

/** No 2002: tabs share a token, and the one that goes has done nothing wrong. */
function crowdOut(sessions: ReadonlySet<Session>): void {
  const [oldest] = sessions;
  if (oldest === undefined) return;
  oldest.end(closeReasons.crowdedOut);
  setTimeout(() => oldest.cut(cutReasons.crowdedOut), crowdedOutMs).unref();
}

/** @returns whether it is to end */
function endBy(verdictOn: Verdict, session: Session): boolean {
  const reason = verdictOn(session);
  if (reason !== undefined) session.end(reason);
  return reason !== undefined;
}

function addTo(index: Map<string, Set<Session>>, key: string, session: Session): Set<Session> {
  const sessions = index.get(key) ?? new Set();
  index.set(key, sessions.add(session));
  return sessions;
}

function removeFrom(index: Map<string, Set<Session>>, key: string, session: Session): void {
  const sessions = index.get(key);
  sessions?.delete(session);
  if (sessions?.size === 0) index.delete(key);
}
