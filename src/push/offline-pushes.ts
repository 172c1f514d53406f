/**
 * Whom a message does not reach online it wakes by the push services. Who that is, is decided when the row that was written
 * with the message is worked off. Each service is asked by itself: what one cannot take now is put aside under a key of
 * its own, and tried again until it is too old. Protocol: objects-push-webhooks.md 2.1 and 2.3; docs/push.md.
 */
import type { Delivery, DeliveryEntry } from '../deliveries/delivery-store.ts';
import { DeliveryError, type PartlyDelivered } from '../deliveries/delivery-worker.ts';
import type { Presence } from '../presence/presence.ts';
import { isPhoneReached } from '../presence/reach.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import type { OfflinePushHooks } from './offline-push-hooks.ts';
import type { PhoneReach } from './phone-reach.ts';
import type { PushOutcome, PushProvider, PushTarget } from './push-provider.ts';
import type { PushRecipient, PushRecipientStore } from './push-recipient-store.ts';
import { type PushRow, pushEntryOf, pushRowIn } from './push-row.ts';
import type { PushTokenStore } from './push-token-store.ts';
import { ServiceRest } from './service-rest.ts';

export interface OfflinePushesOptions {
  readonly providers: ReadonlyMap<PushProviderName, PushProvider>;
  readonly tokens: Pick<PushTokenStore, 'of' | 'removeDead'>;
  readonly recipients: PushRecipientStore;
  readonly reach: PhoneReach;
  readonly presence: Pick<Presence, 'connectionsOf'>;
  /** Undefined while nobody outside is asked. */
  readonly hooks?: OfflinePushHooks | undefined;
  readonly limits: { readonly pushResultsWithinMs: number; readonly maxPushAgeMs: number };
  /** Unix ms. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly observer: PushObserver;
}

export interface PushObserver {
  /** What a service said of one target. */
  outcome(provider: PushProviderName, outcome: PushOutcome): void;
  tooOld(): void;
}

/** What a service cannot take now. */
interface Postponed {
  readonly provider: PushProvider;
  readonly targets: readonly PushTarget[];
  readonly reason: string;
  /** What the service asks for at the most; 0 if nothing. */
  readonly afterMs: number;
}

interface Service {
  readonly provider: PushProvider;
  readonly rest: ServiceRest;
}

export class OfflinePushes {
  readonly #options: OfflinePushesOptions;
  readonly #services: ReadonlyMap<PushProviderName, Service>;

  constructor(options: OfflinePushesOptions) {
    this.#options = options;
    this.#services = new Map(
      Array.from(options.providers, ([name, provider]) => [
        name,
        { provider, rest: new ServiceRest(options.monotonicMs) },
      ]),
    );
  }

  /** The deliveries' handler. @throws DeliveryError if all services that are concerned are left alone now */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<PartlyDelivered | undefined> {
    const { now, observer, limits, monotonicMs } = this.#options;
    const row = pushRowIn(delivery);
    if (now() - row.sentAt > limits.maxPushAgeMs) {
      observer.tooOld();
      return;
    }
    const concerned = row.again === undefined ? [...this.#services.keys()] : [row.again.provider];
    const restMs = Math.min(...concerned.map((name) => this.#services.get(name)?.rest.leftMs ?? 0));
    if (restMs > 0) throw new DeliveryError(leftAlone, restMs);
    const turn = { signal, endsAtMs: monotonicMs() + turnMs };
    return row.again === undefined ? this.#first(row, turn) : this.#again(row, row.again, turn);
  }

  /** Everybody whom it is for, by and by. */
  async #first(row: PushRow, turn: Turn): Promise<PartlyDelivered> {
    const { now, monotonicMs, limits, reach, recipients, hooks } = this.#options;
    const isLate = now() - row.sentAt > limits.pushResultsWithinMs;
    const reached = await reach.reachedBy(row, isLate ? 0 : limits.pushResultsWithinMs);
    const only = await hooks?.onlyTo(row);
    if (only?.length === 0) return { following: [] };
    const following: DeliveryEntry[] = [];
    let after = row.after ?? '';
    const left = (error?: unknown) => ({ following, left: { payload: pushEntryOf({ ...row, after }).payload, error } });
    for (;;) {
      if (turn.signal.aborted || monotonicMs() > turn.endsAtMs) return left();
      try {
        const page = await (only === undefined
          ? recipients.recipients(row, after, pageLength)
          : recipients.among(row, only));
        const unreached = page.filter(({ userID }) => reached?.has(userID) !== true);
        const userIDs = await this.#toWake(row, unreached, isLate || reached === undefined);
        following.push(...(await this.#wakeAllowed(row, userIDs, turn)));
        const last = page.at(-1);
        if (last === undefined || only !== undefined || page.length < pageLength) return { following };
        after = last.userID;
      } catch (error) {
        // Those before it have been woken, and are not again.
        return left(error);
      }
    }
  }

  /** Those whom a service could not wake the last time. */
  async #again(row: PushRow, { provider: name, targets }: NonNullable<PushRow['again']>, turn: Turn) {
    const service = this.#services.get(name);
    // It is not configured any more.
    if (service === undefined) return;
    const named = [...new Set(targets.map(([userID]) => userID))];
    const userIDs = new Set(await this.#toWake(row, await this.#options.recipients.among(row, named), true));
    const wanted = new Set(targets.filter(([userID]) => userIDs.has(userID)).map(targetName));
    const all = await this.#targetsOf(row, [...userIDs], [service.provider]);
    const still = (all.get(service.provider) ?? []).filter((target) => wanted.has(targetName(pairOf(target))));
    const postponed = await this.#send(row, service, still, turn);
    if (postponed === undefined) return;
    const { payload } = pushEntryOf({ ...row, again: { provider: name, targets: postponed.targets.map(pairOf) } });
    return { following: [], left: { payload, error: new DeliveryError(postponed.reason, postponed.afterMs) } };
  }

  /**
   * @param isLate whoever is connected with a phone by now has found the message when it connected
   * @throws while nobody knows who is connected: nobody is woken then
   */
  async #toWake({ seq }: PushRow, users: readonly PushRecipient[], isLate: boolean): Promise<readonly string[]> {
    const userIDs = users
      .filter(({ wantsPushes, readSeq }) => wantsPushes && (seq === 0 || readSeq < seq))
      .map(({ userID }) => userID);
    if (userIDs.length === 0 || !isLate) return userIDs;
    const connections = await this.#options.presence.connectionsOf(userIDs);
    return userIDs.filter((_, index) => !isPhoneReached(connections[index] ?? []));
  }

  /** Those of them whom the operator's receiver lets be woken, or others. */
  async #wakeAllowed(row: PushRow, userIDs: readonly string[], turn: Turn): Promise<readonly DeliveryEntry[]> {
    const { hooks } = this.#options;
    const { asked, ...rest } = row;
    if (hooks === undefined || asked === undefined || userIDs.length === 0) return this.#wakeAll(rest, userIDs, turn);
    const woken = await hooks.beforeWaking(row, userIDs);
    if (woken === undefined) return [];
    return this.#wakeAll({ ...rest, content: woken.content, hasBadge: woken.hasBadge }, woken.userIDs, turn);
  }

  /** @returns rows of what is to be tried again, by each service for itself */
  async #wakeAll(row: PushRow, userIDs: readonly string[], turn: Turn): Promise<readonly DeliveryEntry[]> {
    if (userIDs.length === 0) return [];
    const services = [...this.#services.values()];
    const targets = await this.#targetsOf(
      row,
      userIDs,
      services.map(({ provider }) => provider),
    );
    const sending = services.map((service) => this.#send(row, service, targets.get(service.provider) ?? [], turn));
    const at = this.#options.now();
    return (await Promise.all(sending)).flatMap((postponed) => {
      if (postponed === undefined) return [];
      const again = { provider: postponed.provider.name, targets: postponed.targets.map(pairOf) };
      const { after: _, ...rest } = row;
      const waitMs = Math.min(Math.max(postponed.afterMs, firstRetryMs), longestRetryMs);
      return [pushEntryOf({ ...rest, again }, at + waitMs)];
    });
  }

  async #targetsOf(
    row: PushRow,
    userIDs: readonly string[],
    providers: readonly PushProvider[],
  ): Promise<ReadonlyMap<PushProvider, readonly PushTarget[]>> {
    const { tokens, recipients, now } = this.#options;
    const byAlias = providers.some(({ addresses }) => addresses === 'users');
    const devices = providers.some(({ addresses }) => addresses === 'devices') ? await tokens.of(userIDs, now()) : [];
    const woken = byAlias ? userIDs : [...new Set(devices.map(({ userID }) => userID))];
    const unread = row.hasBadge && woken.length > 0 ? await recipients.unread(woken) : undefined;
    const targetOf = (userID: string): PushTarget =>
      unread === undefined ? { userID } : { userID, badge: unread.get(userID) ?? 0 };
    return new Map(
      providers.map((provider) => [
        provider,
        provider.addresses === 'users'
          ? userIDs.map(targetOf)
          : devices
              .filter((device) => device.provider === provider.name)
              .map((device) => ({ ...targetOf(device.userID), device })),
      ]),
    );
  }

  /** @returns undefined if nothing is to be tried again */
  async #send(
    row: PushRow,
    { provider, rest }: Service,
    targets: readonly PushTarget[],
    { signal, endsAtMs }: Turn,
  ): Promise<Postponed | undefined> {
    const later: PushTarget[] = [];
    let reason = leftAlone;
    let afterMs = 0;
    for (let start = 0; start < targets.length; start += provider.maxTargets) {
      const piece = targets.slice(start, start + provider.maxTargets);
      if (rest.leftMs > 0 || this.#options.monotonicMs() > endsAtMs) {
        later.push(...piece);
        afterMs = Math.max(afterMs, rest.leftMs);
        continue;
      }
      const outcomes = await provider.send({ ...row.content, id: row.id }, piece, signal);
      const postponed = outcomes.filter((outcome) => outcome.kind === 'later');
      rest.note(postponed.length, outcomes.length - postponed.length);
      for (const outcome of outcomes) this.#options.observer.outcome(provider.name, outcome);
      for (const outcome of postponed) {
        reason = outcome.reason;
        afterMs = Math.max(afterMs, outcome.afterMs ?? 0);
      }
      later.push(...piece.filter((_, index) => outcomes[index]?.kind === 'later'));
      await this.#forgetDead(piece, outcomes);
    }
    return later.length === 0 ? undefined : { provider, targets: later, reason, afterMs };
  }

  async #forgetDead(targets: readonly PushTarget[], outcomes: readonly PushOutcome[]): Promise<void> {
    const dead = targets.flatMap(({ device }, index) => {
      const outcome = outcomes[index];
      if (device === undefined || outcome?.kind !== 'dead') return [];
      // Registered anew since the service lost it.
      return outcome.since !== undefined && device.registeredAt > outcome.since ? [] : [device];
    });
    if (dead.length > 0) await this.#options.tokens.removeDead(dead);
  }
}

const leftAlone = 'the service is left alone for a while';

/** Of one row, which is worked off in several if it takes longer. */
interface Turn {
  readonly signal: AbortSignal;
  readonly endsAtMs: number;
}

function pairOf({ userID, device }: PushTarget): readonly [string, number] {
  return [userID, device?.platformID ?? 0];
}

function targetName([userID, platformID]: readonly [string, number]): string {
  return `${platformID} ${userID}`;
}

/** A third of the time that a claim of a key holds. */
const turnMs = 20_000;
const pageLength = 1000;
const firstRetryMs = 1000;
const longestRetryMs = 300_000;
