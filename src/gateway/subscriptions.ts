/**
 * Which connections want to know when which users come and go (2005). A subscription is its connection's and ends with
 * it. Protocol: websocket.md 4 and 8.
 */

import type { PresenceChange } from '../presence/presence.ts';
import { errors } from '../protocol/errors.ts';
import { SubUserOnlineStatusTips } from '../protocol/gen/openim.ts';
import { reqIdentifiers } from '../protocol/numbers/constants.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { SharedFrame } from './connection/frame-variant.ts';

/** A connection, as far as subscriptions care. */
export interface Subscriber {
  push(frame: SharedFrame, operationID: string): void;
}

type SubscriptionMetrics = Pick<Metrics, 'gatewaySubscriptions' | 'statusPushes'>;

export class Subscriptions {
  readonly #maxPerConnection: number;
  readonly #metrics: SubscriptionMetrics;
  /** Both ways round; neither holds an empty set, so that who does not subscribe costs nothing. */
  readonly #userIDsOf = new Map<Subscriber, Set<string>>();
  readonly #subscribersTo = new Map<string, Set<Subscriber>>();

  constructor(maxPerConnection: number, metrics: SubscriptionMetrics) {
    this.#maxPerConnection = maxPerConnection;
    this.#metrics = metrics;
  }

  /**
   * Ends and begins subscriptions; a user in both lists ends up subscribed.
   * @throws 1001, and nothing has changed, if the connection would have more than it may, or for what is no userID
   */
  change(subscriber: Subscriber, subscribe: readonly string[], unsubscribe: readonly string[]): void {
    if (subscribe.some((userID) => userID.length > maxUserIDLength)) throw errors.args('a userID is too long');
    const current = this.#userIDsOf.get(subscriber) ?? new Set();
    const wanted = new Set(subscribe);
    const begun = wanted.difference(current);
    const ended = new Set(unsubscribe).difference(wanted).intersection(current);
    // The list itself as well: repeats cost nothing to keep, but each is answered.
    if (Math.max(current.size + begun.size - ended.size, subscribe.length) > this.#maxPerConnection) {
      throw errors.args(`a connection may subscribe to ${this.#maxPerConnection} users at most`);
    }
    for (const userID of ended) this.#remove(subscriber, userID);
    for (const userID of begun) this.#add(subscriber, userID);
  }

  /** Ends all of a connection's subscriptions. */
  drop(subscriber: Subscriber): void {
    for (const userID of this.#userIDsOf.get(subscriber) ?? []) this.#remove(subscriber, userID);
  }

  /** Tells all who want to know, with the user's whole list of platforms. */
  announce({ userID, platformIDs }: PresenceChange): void {
    const subscribers = this.#subscribersTo.get(userID);
    if (subscribers === undefined) return;
    const frame = statusFrame(userID, platformIDs);
    // One that is cut off for not reading drops its subscriptions in the middle of the loop.
    const now = [...subscribers];
    for (const subscriber of now) subscriber.push(frame, '');
    this.#metrics.statusPushes.inc(now.length);
  }

  #add(subscriber: Subscriber, userID: string): void {
    const userIDs = this.#userIDsOf.get(subscriber) ?? new Set();
    const subscribers = this.#subscribersTo.get(userID) ?? new Set();
    this.#userIDsOf.set(subscriber, userIDs.add(userID));
    this.#subscribersTo.set(userID, subscribers.add(subscriber));
    this.#metrics.gatewaySubscriptions.inc();
  }

  #remove(subscriber: Subscriber, userID: string): void {
    const userIDs = this.#userIDsOf.get(subscriber);
    const subscribers = this.#subscribersTo.get(userID);
    userIDs?.delete(userID);
    if (userIDs?.size === 0) this.#userIDsOf.delete(subscriber);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.#subscribersTo.delete(userID);
    this.#metrics.gatewaySubscriptions.dec();
  }
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
