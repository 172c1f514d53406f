/**
 * Tells the receiver what becomes of tokens: hooks of ours, which OpenIM does not have, and its afterUserKickOff. What the
 * authority does is written in its transactions; where there is none, as with a refusal, it follows the events, and writes
 * a little later. Never holds a token (T6).
 */
import type { Delivery, DeliveryEntry, DeliveryStore } from '../deliveries/delivery-store.ts';
import type { PartlyDelivered } from '../deliveries/delivery-worker.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { publicText } from '../protocol/errors.ts';
import { platformLabel } from '../protocol/numbers/platforms.ts';
import { type BatchObserver, BatchWriter } from '../tokens/batch-writer.ts';
import { effectiveCutoff } from '../tokens/cutoffs.ts';
import { type Actor, nobody, type TokenEventMap, type TokenEvents } from '../tokens/events.ts';
import { RefusalFilter } from '../tokens/refusal-filter.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { TokenTeller, ToldOfTokens } from '../tokens/token-teller.ts';
import type { HookName } from './hook-table.ts';
import type { Webhooks } from './webhooks.ts';

export interface TokenWebhooksOptions {
  readonly webhooks: Pick<Webhooks, 'entry' | 'setting'>;
  readonly events: TokenEvents;
  /** Who ended it before its time. */
  readonly tokens: Pick<TokenStore, 'find' | 'everyonesCutoffs'>;
  readonly store: Pick<DeliveryStore, 'add' | 'cancel'>;
  readonly unitOfWork: UnitOfWork;
  /** There is something to deliver. */
  readonly wake: () => void;
  /** Unix ms. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly observer: BatchObserver;
}

/** Of whom something is told; 0 is every platform, empty every token. */
interface Subject {
  readonly userID: string;
  readonly platformID: number;
  readonly jti: string;
}

interface Expiry extends Subject {
  /** Unix ms. */
  readonly expiresAt: number;
  readonly issuedAt: number;
}

/** What is to be told, and of which tokens the expiry is not to be told any more. */
interface Notes {
  readonly entries: readonly DeliveryEntry[];
  readonly over: readonly string[];
}

export class TokenWebhooks implements TokenTeller, AsyncDisposable {
  readonly #options: TokenWebhooksOptions;
  readonly #late: BatchWriter<DeliveryEntry>;
  readonly #refusals: RefusalFilter;
  readonly #stops: readonly (() => void)[];

  constructor(options: TokenWebhooksOptions) {
    const { unitOfWork, observer, events, monotonicMs } = options;
    this.#options = options;
    this.#late = new BatchWriter({
      ...batching,
      observer,
      write: (entries) => unitOfWork.transaction((tx) => this.#write(tx, { entries, over: [] })),
    });
    this.#refusals = new RefusalFilter(monotonicMs, maxRefusalsPerMinute);
    this.#stops = [
      events.on('tokenRefused', (event) => this.#refused(event)),
      // By a server of OpenIM, which asks nobody.
      events.on('tokensEnded', ({ origin, reason, ...event }) => {
        if (origin !== 'here' || reason !== 'openim') return;
        for (const entry of this.#ended({ ...event, reason }).entries) this.#late.add(entry);
      }),
    ];
  }

  async tell(tx: Transaction, told: readonly ToldOfTokens[]): Promise<void> {
    await this.#write(tx, this.#notesOf(told));
    const issued = told.filter((one) => one.kind === 'issued');
    if (issued.length > 0 && this.#options.webhooks.setting('afterTokenExpired') !== undefined) {
      tx.afterCommit(() => this.#forgetEnded(issued));
    }
  }

  /** Another node that has ended one in the moment since its issue has found no expiry to cancel. */
  async #forgetEnded(issued: readonly TokenEventMap['tokenIssued'][]): Promise<void> {
    const { tokens, unitOfWork } = this.#options;
    const found = await Promise.all(issued.map((token) => tokens.find(token)));
    const over = issued.flatMap(({ jti }, index) => {
      const state = found[index]?.record?.state ?? 'live';
      return state === 'live' ? [] : [jti];
    });
    if (over.length > 0) await unitOfWork.transaction((tx) => this.#write(tx, { entries: [], over }));
  }

  /** The handler of tokens that expire, unless something else has ended them: a cutoff of all of a user's names none. */
  async expire({ payload, deliveryID }: Delivery): Promise<PartlyDelivered | undefined> {
    const { webhooks, tokens } = this.#options;
    const { expiresAt, issuedAt, ...subject }: Expiry = JSON.parse(payload);
    const { cutoffs } = await tokens.find({ ...subject, expiresAt });
    if (issuedAt < effectiveCutoff(subject.platformID, cutoffs, await tokens.everyonesCutoffs())) return;
    const entry = webhooks.entry('afterTokenExpired', this.#told(subject, nobody, { expiresAt }));
    return { following: [{ ...entry, deliveryID }] };
  }

  /** Follows no longer, and writes what is waiting. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#late[Symbol.asyncDispose]();
  }

  async #write(tx: Transaction, { entries, over }: Notes): Promise<void> {
    const { store, now, wake } = this.#options;
    if (entries.length === 0 && over.length === 0) return;
    const keys = over.map(expiryKey);
    // In this order, as whoever tells of an expiry holds its key before that of the user.
    if (keys.length > 0) await store.cancel(tx, 'expiries', keys);
    const isOver = new Set(keys);
    const left = entries.filter(({ topic, key }) => topic !== 'expiries' || !isOver.has(key));
    await store.add(tx, left, now());
    tx.afterCommit(wake);
  }

  #notesOf(told: readonly ToldOfTokens[]): Notes {
    const notes = told.map((one) => {
      if (one.kind === 'issued') return this.#issued(one);
      if (one.kind === 'ended') return this.#ended(one);
      const { by, notBefore, ...subject } = one;
      return { entries: this.#entries('afterTokenRevoked', { ...subject, jti: '' }, by, { notBefore }), over: [] };
    });
    return { entries: notes.flatMap(({ entries }) => entries), over: notes.flatMap(({ over }) => over) };
  }

  #issued({ userID, platformID, jti, expiresAt, by, how, renews }: TokenEventMap['tokenIssued']): Notes {
    const subject = { userID, platformID, jti };
    const { webhooks, now } = this.#options;
    const entries =
      how === 'renewal'
        ? this.#entries('afterTokenRenewed', subject, by, { expiresAt, renews: renews ?? '' })
        : this.#entries('afterTokenIssued', subject, by, { expiresAt });
    if (webhooks.setting('afterTokenExpired') === undefined) return { entries, over: [] };
    const payload = JSON.stringify({ ...subject, expiresAt, issuedAt: now() } satisfies Expiry);
    const expiry: DeliveryEntry = {
      topic: 'expiries',
      key: expiryKey(jti),
      deliveryID: `expired-${jti}`,
      payload,
      dueAt: expiresAt,
    };
    return { entries: [...entries, expiry], over: renews === undefined ? [] : [renews] };
  }

  #ended({ userID, platformID, jtis, reason, by }: Omit<TokenEventMap['tokensEnded'], 'origin'>): Notes {
    const { now, webhooks } = this.#options;
    const name = reason === 'revoked' ? 'afterTokenRevoked' : 'afterTokenKicked';
    const entries = jtis.flatMap((jti) => this.#entries(name, { userID, platformID, jti }, by, { reason }));
    const over = webhooks.setting('afterTokenExpired') === undefined ? [] : jtis;
    if (reason === 'revoked' || webhooks.setting('afterUserKickOff') === undefined) return { entries, over };
    const { operationID } = by;
    const platform = platformLabel(platformID);
    const body = { operationID, platformID, platform, userID, seq: now() };
    const kickOff = webhooks.entry('afterUserKickOff', { key: `user ${userID}`, operationID, body });
    return { entries: [...entries, kickOff], over };
  }

  /** Who tries again and again is told of once a minute. */
  #refused({ what, code, by, ...subject }: TokenEventMap['tokenRefused']): void {
    const verdict = this.#refusals.judge(`${what} ${code} ${subject.jti === '' ? by.userID : subject.jti}`);
    if (verdict !== 'admitted') return;
    for (const entry of this.#entries('afterTokenRefused', subject, by, { what, code })) this.#late.add(entry);
  }

  /** None if the hook is off. */
  #entries(name: HookName, subject: Subject, by: Actor, more: object): readonly DeliveryEntry[] {
    const { webhooks } = this.#options;
    return webhooks.setting(name) === undefined ? [] : [webhooks.entry(name, this.#told(subject, by, more))];
  }

  #told({ userID: given, platformID, jti }: Subject, by: Actor, more: object) {
    const userID = publicText(given, maxUserIDLength);
    const operationID = publicText(by.operationID, maxOperationIDLength);
    const opUserID = publicText(by.userID, maxUserIDLength);
    const platform = platformID === 0 ? '' : platformLabel(platformID);
    const time = this.#options.now();
    const body = { operationID, userID, platformID, platform, tokenID: jti, opUserID, time, ...more };
    return { key: `user ${userID}`, operationID, body };
  }
}

const expiryKey = (jti: string) => `token ${jti}`;

const batching = { maxBatch: 500, everyMs: 50, maxWaiting: 10_000 } as const;
const maxRefusalsPerMinute = 100;
/** Clients choose these texts, and may choose long ones. */
const maxUserIDLength = 256;
const maxOperationIDLength = 128;
