/**
 * Tells the receiver what becomes of tokens: hooks of ours, which OpenIM does not have, and its afterUserKickOff. Like the
 * audit trail it follows the authority's events, so that no login waits for it. Never holds a token (T6).
 */
import type { Delivery, DeliveryEntry } from '../deliveries/delivery-store.ts';
import type { PartlyDelivered } from '../deliveries/delivery-worker.ts';
import { publicText } from '../protocol/errors.ts';
import { platformLabel } from '../protocol/numbers/platforms.ts';
import { type BatchObserver, BatchWriter } from '../tokens/batch-writer.ts';
import { effectiveCutoff } from '../tokens/cutoffs.ts';
import { type Actor, nobody, type TokenEventMap, type TokenEvents } from '../tokens/events.ts';
import { RefusalFilter } from '../tokens/refusal-filter.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { HookName } from './hook-table.ts';
import type { Webhooks } from './webhooks.ts';

export interface TokenWebhooksOptions {
  readonly webhooks: Pick<Webhooks, 'entry' | 'setting'>;
  readonly events: TokenEvents;
  /** Who ended it before its time. */
  readonly tokens: Pick<TokenStore, 'find' | 'everyonesCutoffs'>;
  /** All or, on rejection, none. @param over keys of expiries that are not to come any more */
  readonly keep: (entries: readonly DeliveryEntry[], over: readonly string[]) => Promise<void>;
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

/** Something to tell, or the token whose expiry is not to be told. */
type Note = DeliveryEntry | { readonly over: string };

export class TokenWebhooks implements AsyncDisposable {
  readonly #options: TokenWebhooksOptions;
  readonly #writer: BatchWriter<Note>;
  readonly #refusals: RefusalFilter;
  readonly #stops: readonly (() => void)[];

  constructor(options: TokenWebhooksOptions) {
    const { keep, observer, events, monotonicMs } = options;
    this.#options = options;
    this.#writer = new BatchWriter({
      ...batching,
      observer,
      write: (notes) =>
        keep(
          notes.filter(isEntry),
          notes.flatMap((note) => ('over' in note ? [expiryKey(note.over)] : [])),
        ),
    });
    this.#refusals = new RefusalFilter(monotonicMs, maxRefusalsPerMinute);
    this.#stops = [
      events.on('tokenIssued', (event) => this.#issued(event)),
      events.on('tokensEnded', (event) => this.#ended(event)),
      events.on('cutoffRaised', ({ origin, notBefore, by, ...subject }) => {
        if (origin === 'here') this.#tell('afterTokenRevoked', { ...subject, jti: '' }, by, { notBefore });
      }),
      events.on('tokenRefused', (event) => this.#refused(event)),
    ];
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
    await this.#writer[Symbol.asyncDispose]();
  }

  #issued({ userID, platformID, jti, expiresAt, by, how, renews }: TokenEventMap['tokenIssued']): void {
    const subject = { userID, platformID, jti };
    if (how === 'renewal') this.#tell('afterTokenRenewed', subject, by, { expiresAt, renews: renews ?? '' });
    else this.#tell('afterTokenIssued', subject, by, { expiresAt });
    const { webhooks, now } = this.#options;
    if (webhooks.setting('afterTokenExpired') === undefined) return;
    const payload = JSON.stringify({ ...subject, expiresAt, issuedAt: now() } satisfies Expiry);
    const deliveryID = `expired-${jti}`;
    this.#writer.add({ topic: 'expiries', key: expiryKey(jti), deliveryID, payload, dueAt: expiresAt });
    if (renews !== undefined) this.#writer.add({ over: renews });
  }

  /** Only what this node did: the node that does a thing tells it. */
  #ended({ userID, platformID, jtis, reason, origin, by }: TokenEventMap['tokensEnded']): void {
    if (origin !== 'here') return;
    const name = reason === 'revoked' ? 'afterTokenRevoked' : 'afterTokenKicked';
    for (const jti of jtis) {
      this.#tell(name, { userID, platformID, jti }, by, { reason });
      if (this.#options.webhooks.setting('afterTokenExpired') !== undefined) this.#writer.add({ over: jti });
    }
    if (reason === 'revoked') return;
    const { now, webhooks } = this.#options;
    if (webhooks.setting('afterUserKickOff') === undefined) return;
    const { operationID } = by;
    const platform = platformLabel(platformID);
    const body = { operationID, platformID, platform, userID, seq: now() };
    this.#writer.add(webhooks.entry('afterUserKickOff', { key: `user ${userID}`, operationID, body }));
  }

  /** Who tries again and again is told of once a minute. */
  #refused({ what, code, by, ...subject }: TokenEventMap['tokenRefused']): void {
    const verdict = this.#refusals.judge(`${what} ${code} ${subject.jti === '' ? by.userID : subject.jti}`);
    if (verdict === 'admitted') this.#tell('afterTokenRefused', subject, by, { what, code });
  }

  #tell(name: HookName, subject: Subject, by: Actor, more: object): void {
    const { webhooks } = this.#options;
    if (webhooks.setting(name) !== undefined) this.#writer.add(webhooks.entry(name, this.#told(subject, by, more)));
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

function isEntry(note: Note): note is DeliveryEntry {
  return 'topic' in note;
}

const batching = { maxBatch: 500, everyMs: 50, maxWaiting: 10_000 } as const;
const maxRefusalsPerMinute = 100;
/** Clients choose these texts, and may choose long ones. */
const maxUserIDLength = 256;
const maxOperationIDLength = 128;
