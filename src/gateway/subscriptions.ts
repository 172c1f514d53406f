/**
 * Which connections want to know when which users come and go (2005). A subscription is its connection's and ends with
 * it. Protocol: websocket.md 4 and 8.
 */

import type { Presence, PresenceChange } from '../presence/presence.ts';
import { errors, type ProtocolError } from '../protocol/errors.ts';
import { SubUserOnlineStatusTips } from '../protocol/gen/openim.ts';
import { reqIdentifiers } from '../protocol/numbers/request-identifiers.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { SharedFrame } from './connection/frame-variant.ts';
import { FanOut } from './fan-out.ts';

/** A connection, as far as subscriptions care. */
export interface Subscriber {
  readonly userID: string;
  push(frame: SharedFrame, operationID: string): void;
}

export interface SubscriptionLimits {
  /** Users whose coming and going one connection may want to hear of. */
  readonly maxSubscriptions: number;
  /** The same for all connections of one user together. */
  readonly maxSubscriptionsPerUser: number;
}

/** Whom to tell which users are watched here. */
type Watching = Pick<Presence, 'watch' | 'unwatch'>;

type SubscriptionMetrics = Pick<Metrics, 'gatewaySubscriptions' | 'statusPushes'>;

/** A user whom somebody watches: one object, and one copy of the ID, for all who do. */
interface Watched {
  readonly userID: string;
  /** Nearly always one: a set of its own would cost more than all the rest. */
  watchers: Subscriber | Set<Subscriber>;
}

export class Subscriptions {
  readonly #limits: SubscriptionLimits;
  readonly #metrics: SubscriptionMetrics;
  readonly #watching: Watching;
  /** Both ways round; neither holds an empty set, so that who does not subscribe costs nothing. */
  readonly #watchedBy = new Map<Subscriber, Set<Watched>>();
  readonly #watched = new Map<string, Watched>();
  /** By the user watched, so that nobody is told of changes in another order. */
  readonly #fanOut = new FanOut<Subscriber>();
  /** How many all connections of a user have. */
  readonly #counts = new Map<string, number>();

  constructor(limits: SubscriptionLimits, metrics: SubscriptionMetrics, watching: Watching) {
    this.#limits = limits;
    this.#metrics = metrics;
    this.#watching = watching;
  }

  /**
   * Ends and begins subscriptions; a user in both lists ends up subscribed.
   * @throws 1001, and nothing has changed, if the connection or its user would have more than they may, for longer
   * lists, or for what is no userID
   */
  change(subscriber: Subscriber, subscribe: readonly string[], unsubscribe: readonly string[]): void {
    const { maxSubscriptions, maxSubscriptionsPerUser } = this.#limits;
    // The lists themselves as well: repeats cost nothing to keep, but each is answered.
    if (Math.max(subscribe.length, unsubscribe.length) > maxSubscriptions)
      throw tooMany('connection', maxSubscriptions);
    if (subscribe.some((userID) => userID.length > maxUserIDLength)) throw errors.args('a userID is too long');
    const current = this.#watchedBy.get(subscriber);
    const isCurrent = (userID: string) => {
      const watched = this.#watched.get(userID);
      return watched !== undefined && current?.has(watched) === true;
    };
    const wanted = new Set(subscribe);
    const begun = [...wanted].filter((userID) => !isCurrent(userID));
    const ended = [...new Set(unsubscribe)].filter((userID) => !wanted.has(userID) && isCurrent(userID));
    const more = begun.length - ended.length;
    if ((current?.size ?? 0) + more > maxSubscriptions) throw tooMany('connection', maxSubscriptions);
    if (more > 0 && (this.#counts.get(subscriber.userID) ?? 0) + more > maxSubscriptionsPerUser) {
      throw tooMany('user', maxSubscriptionsPerUser);
    }
    for (const userID of ended) this.#remove(subscriber, this.#watched.get(userID));
    for (const userID of begun) this.#add(subscriber, userID);
  }

  /** Ends all of a connection's subscriptions. */
  drop(subscriber: Subscriber): void {
    for (const watched of this.#watchedBy.get(subscriber) ?? []) this.#remove(subscriber, watched);
  }

  /** Tells all who want to know, with the user's whole list of platforms. */
  announce({ userID, platformIDs }: PresenceChange): void {
    const watched = this.#watched.get(userID);
    if (watched === undefined) return;
    const frame = statusFrame(userID, platformIDs);
    const { watchers } = watched;
    const receivers = watchers instanceof Set ? [...watchers] : [watchers];
    this.#metrics.statusPushes.inc(receivers.length);
    this.#fanOut.start(userID, receivers, (subscriber) => subscriber.push(frame, ''));
  }

  #add(subscriber: Subscriber, userID: string): void {
    let watched = this.#watched.get(userID);
    if (watched === undefined) {
      watched = { userID, watchers: subscriber };
      this.#watched.set(userID, watched);
      this.#watching.watch([userID]);
    } else if (watched.watchers instanceof Set) {
      watched.watchers.add(subscriber);
    } else {
      watched.watchers = new Set([watched.watchers, subscriber]);
    }
    const all = this.#watchedBy.get(subscriber) ?? new Set();
    this.#watchedBy.set(subscriber, all.add(watched));
    this.#count(subscriber, 1);
  }

  #remove(subscriber: Subscriber, watched: Watched | undefined): void {
    const all = this.#watchedBy.get(subscriber);
    if (watched === undefined || !all?.delete(watched)) return;
    if (all.size === 0) this.#watchedBy.delete(subscriber);
    const { watchers, userID } = watched;
    if (watchers instanceof Set) watchers.delete(subscriber);
    if (!(watchers instanceof Set) || watchers.size === 0) {
      this.#watched.delete(userID);
      this.#watching.unwatch([userID]);
    }
    this.#count(subscriber, -1);
  }

  #count({ userID }: Subscriber, change: 1 | -1): void {
    const count = (this.#counts.get(userID) ?? 0) + change;
    if (count === 0) this.#counts.delete(userID);
    else this.#counts.set(userID, count);
    this.#metrics.gatewaySubscriptions.inc(change);
  }
}

function tooMany(who: string, most: number): ProtocolError {
  return errors.args(`a ${who} may subscribe to ${most} users at most`);
}

/** Nobody can be registered with a longer one; without a limit subscriptions would have none in bytes. */
const maxUserIDLength = 256;

/** Clients know a status push from a reply by its empty msgIncr. */
function statusFrame(userID: string, platformIDs: readonly number[]): SharedFrame {
  return new SharedFrame(() => ({
    reqIdentifier: reqIdentifiers.subscribeOnlineStatus,
    msgIncr: '',
    operationID: '',
    errCode: 0,
    errMsg: '',
    data: SubUserOnlineStatusTips.encode({
      subscribers: [{ userID, onlinePlatformIDs: [...platformIDs] }],
    }).finish(),
  }));
}
