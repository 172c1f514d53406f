/**
 * Pushes to a pure-JS SDK that wait until it can take them. Protocol: websocket.md 2.2, notifications-sync.md.
 *
 * It recognises the echo of its own message only once it has dealt with the reply. Where its runtime raises the events of
 * frames that arrive together without a pause in between (Node does, browsers do not), the echo would come too early and be
 * shown as a new message. So it leaves a little later than the reply, and what is pushed meanwhile stays behind it.
 *
 * After it has connected it asks for the newest seqs (1006), pulls what it lacks (1002), and then takes the newest that it
 * was told for the newest there is: what is pushed in between it would count back, and not show until it connects again.
 */
import { reqIdentifiers } from '../../protocol/numbers/request-identifiers.ts';
import type { SharedFrame } from './frame-variant.ts';

const echoDelayMs = 10;
/**
 * In which the SDK asks for what it lacks, after it has been told what there is: a way to the client and back, with time to
 * think on a slow device. What comes a second late after a reconnect is noticed by nobody, and what is counted back is lost.
 */
const nextRequestMs = 1000;
/** From the first answer: nobody keeps pushes from himself for longer. */
const syncLimitMs = 2000;
/** What is held counts as queued nowhere: so many frames, and all leave. */
const mostHeld = 1000;

export class PushHold {
  readonly #letGo: (frame: SharedFrame) => void;
  readonly #monotonicMs: () => number;
  /** Undefined when none is held. */
  #held: SharedFrame[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** It has asked for the newest seqs: later ones are no part of a synchronisation. */
  #hasAsked = false;
  #isSyncing = false;
  #answeredAtMs: number | undefined;

  /** @param monotonicMs milliseconds that only go forward */
  constructor(letGo: (frame: SharedFrame) => void, monotonicMs: () => number) {
    this.#letGo = letGo;
    this.#monotonicMs = monotonicMs;
  }

  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  add(frame: SharedFrame): void {
    this.#held?.push(frame);
    if (this.#held?.length === mostHeld) this.#letAllGo();
  }

  /** The reply to a request has just left, and its echo is to follow. */
  beginEcho(): void {
    this.#held ??= [];
    this.#goOnIn(echoDelayMs);
  }

  /** A request of the client's is about to be served. */
  beginRequest(reqIdentifier: number): void {
    if (reqIdentifier === reqIdentifiers.getReadAndMaxSeqs && !this.#hasAsked) {
      this.#hasAsked = true;
      this.#isSyncing = true;
      this.#held ??= [];
    }
    if (this.#isSyncing && isOfSync(reqIdentifier) && this.#leftMs() > 0) this.#stopTimer();
  }

  /** Its reply has left. */
  endRequest(reqIdentifier: number): void {
    if (!this.#isSyncing || !isOfSync(reqIdentifier)) return;
    this.#answeredAtMs ??= this.#monotonicMs();
    const leftMs = this.#leftMs();
    // They are about to go: who asks on does not put that off.
    if (leftMs <= 0 && this.#timer !== undefined) return;
    this.#goOnIn(Math.max(echoDelayMs, Math.min(nextRequestMs, leftMs)));
  }

  #leftMs(): number {
    return this.#answeredAtMs === undefined ? syncLimitMs : this.#answeredAtMs + syncLimitMs - this.#monotonicMs();
  }

  #goOnIn(ms: number): void {
    this.#stopTimer();
    this.#timer = setTimeout(this.#letAllGo, ms);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #letAllGo = (): void => {
    this.#stopTimer();
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#isSyncing = false;
    for (const frame of held) this.#letGo(frame);
  };
}

function isOfSync(reqIdentifier: number): boolean {
  return reqIdentifier === reqIdentifiers.getReadAndMaxSeqs || reqIdentifier === reqIdentifiers.pullMessagesBySeqRanges;
}
