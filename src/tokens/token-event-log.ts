/**
 * The audit trail of tokens: what this node did to tokens, by whom, why and in which call, in a store of limited length.
 * It follows the authority's events, so that nothing waits for it, and never holds a token (T6).
 */

import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { errors, publicText } from '../protocol/errors.ts';
import { type BatchObserver, BatchWriter } from './batch-writer.ts';
import { allPlatforms } from './cutoffs.ts';
import type { Actor, TokenEventMap, TokenEvents } from './events.ts';
import { RefusalFilter } from './refusal-filter.ts';
import {
  type StoredTokenEvent,
  type TokenEvent,
  type TokenEventKind,
  type TokenEventStore,
  tokenEventKinds,
} from './token-event-store.ts';
import { pageSizeOf } from './token-list.ts';

export interface TokenEventLogOptions {
  readonly store: Omit<TokenEventStore, 'forget'>;
  readonly events: TokenEvents;
  /** Unix ms. */
  readonly clock: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  /** Entries to keep, to about a hundredth more. */
  readonly limit: number;
  readonly observer: TokenEventLogObserver;
}

export interface TokenEventLogObserver extends BatchObserver {
  /** A refusal had no room among those of its minute. */
  refusalLeftOut(): void;
  /** Old entries could not be deleted. */
  trimFailed(error: unknown): void;
}

export interface TokenEventListRequest {
  /** Empty: of all users. */
  readonly userID: string;
  /** Empty: all. */
  readonly kinds: readonly string[];
  /** Where the page before ended; empty for the first. */
  readonly cursor: string;
  /** As in TokenListRequest. */
  readonly limit: number;
}

export interface TokenEventPage {
  readonly events: readonly StoredTokenEvent[];
  /** Empty after the last page. */
  readonly nextCursor: string;
}

export class TokenEventLog implements AsyncDisposable {
  readonly #options: TokenEventLogOptions;
  readonly #writer: BatchWriter<TokenEvent>;
  readonly #refusals: RefusalFilter;
  readonly #quotas: Readonly<Record<'cutoff' | 'lost' | 'imported', RefusalFilter>>;
  readonly #stops: readonly (() => void)[];
  readonly #trimEvery: number;
  #sinceTrim: number;

  constructor(options: TokenEventLogOptions) {
    const { monotonicMs, events, limit, observer } = options;
    this.#options = options;
    this.#refusals = new RefusalFilter(monotonicMs, maxRefusalsPerMinute);
    this.#quotas = {
      cutoff: new RefusalFilter(monotonicMs, maxOfAKindPerMinute),
      lost: new RefusalFilter(monotonicMs, maxOfAKindPerMinute),
      imported: new RefusalFilter(monotonicMs, maxOfAKindPerMinute),
    };
    this.#trimEvery = Math.max(1, Math.floor(limit / 100));
    // The limit may have been lowered while the server was down.
    this.#sinceTrim = this.#trimEvery;
    this.#writer = new BatchWriter({ ...batching, observer, write: (entries) => this.#write(entries) });
    this.#stops = this.#follow(events);
  }

  /**
   * Entries, newest first, those of a moment ago included.
   * @throws 1002 caller not an admin, 1001 unknown kind, limit out of range or unreadable cursor, 500 store failure
   */
  async list(context: CallContext, { userID, kinds, cursor, limit }: TokenEventListRequest): Promise<TokenEventPage> {
    requireAdmin(context);
    const size = pageSizeOf(limit);
    const query = { userID: userID === '' ? undefined : userID, kinds: kinds.map(toKind), beforeID: idOf(cursor) };
    await this.#writer.flush();
    const found = await this.#options.store.find({ ...query, limit: size + 1 });
    const events = found.slice(0, size);
    return { events, nextCursor: found.length > size ? String(events.at(-1)?.id) : '' };
  }

  /** Follows no longer, and writes what is waiting. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#writer[Symbol.asyncDispose]();
  }

  /** Only what this node did: the node that does a thing writes it down. */
  #follow(events: TokenEvents): (() => void)[] {
    return [
      events.on('tokenIssued', (event) => this.#add(event.how === 'renewal' ? 'renewed' : 'issued', event, event.by)),
      events.on('tokensEnded', ({ userID, platformID, jtis, reason, origin, by }) => {
        if (origin !== 'here') return;
        const kind = reason === 'revoked' ? 'revoked' : 'kicked';
        for (const jti of jtis) this.#add(kind, { userID, platformID, jti, reason }, by);
      }),
      events.on('cutoffRaised', ({ origin, notBefore, ...event }) => {
        if (origin === 'here') this.#addSome('cutoff', { ...event, reason: `issued before ${notBefore}` }, event.by);
      }),
      events.on('tokenRefused', (event) => this.#addRefusal(event)),
      events.on('tokenLost', (event) => this.#addSome('lost', { ...event, reason: event.cause })),
      events.on('tokenImported', (event) => this.#addSome('imported', event)),
    ];
  }

  /** Of what comes in masses, or as often as somebody likes, only so many a minute: the trail is of limited length. */
  #addSome(kind: 'cutoff' | 'lost' | 'imported', subject: Subject, by?: Actor): void {
    const verdict = this.#quotas[kind].judge(`${subject.userID} ${subject.platformID} ${subject.jti ?? ''}`);
    if (verdict === 'one too many') this.#options.observer.refusalLeftOut();
    if (verdict === 'admitted') this.#add(kind, subject, by);
  }

  #addRefusal(event: TokenEventMap['tokenRefused']): void {
    const { what, code, jti, by } = event;
    const verdict = this.#refusals.judge(`${what} ${code} ${jti === '' ? by.userID : jti}`);
    if (verdict === 'one too many') this.#options.observer.refusalLeftOut();
    if (verdict === 'admitted') this.#add('refused', { ...event, reason: `${what} ${code}` }, by);
  }

  #add(kind: TokenEventKind, { userID, platformID = allPlatforms, jti = '', reason = '' }: Subject, by?: Actor): void {
    this.#writer.add({
      at: this.#options.clock(),
      kind,
      userID: publicText(userID, maxUserIDLength),
      platformID,
      jti,
      actor: publicText(by?.userID ?? '', maxUserIDLength),
      reason,
      operationID: publicText(by?.operationID ?? '', maxOperationIDLength),
    });
  }

  async #write(entries: readonly TokenEvent[]): Promise<void> {
    const { store, limit, observer } = this.#options;
    await store.append(entries);
    this.#sinceTrim += entries.length;
    if (this.#sinceTrim < this.#trimEvery) return;
    this.#sinceTrim = 0;
    // Not a failure of writing: the entries are there.
    await store.trim(limit).catch((error) => observer.trimFailed(error));
  }
}

interface Subject {
  readonly userID: string;
  readonly platformID?: number;
  readonly jti?: string;
  readonly reason?: string;
}

/** Some seconds of a busy server, in a few megabytes. */
const batching = { maxBatch: 500, everyMs: 200, maxWaiting: 10_000 } as const;
const maxRefusalsPerMinute = 100;
const maxOfAKindPerMinute = 100;
/** Clients choose these texts, and may choose long ones. */
const maxUserIDLength = 256;
const maxOperationIDLength = 128;

/** @throws 1001 */
function toKind(text: string): TokenEventKind {
  const kind = tokenEventKinds.find((known) => known === text);
  if (kind === undefined) throw errors.args(`kinds must each be one of ${tokenEventKinds.join(', ')}`);
  return kind;
}

/** @throws 1001 */
function idOf(cursor: string): number | undefined {
  if (cursor === '') return undefined;
  if (!/^\d{1,15}$/.test(cursor)) throw errors.args('cursor is not one that this endpoint gave');
  return Number(cursor);
}
