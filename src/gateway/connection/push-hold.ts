/**
 * Pushes to a pure-JS SDK that wait until it can take them. Protocol: websocket.md 2.2, notifications-sync.md.
 *
 * It recognises the echo of its own message only once it has dealt with the reply. Where its runtime raises the events of
 * frames that arrive together without a pause in between (Node does, browsers do not), the echo would come too early and be
 * shown as a new message. So each echo leaves a little later than its reply, and what is pushed meanwhile stays behind it.
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

interface Held {
  readonly frame: SharedFrame;
  /** By the monotonic clock: when the SDK can take it. Never before the one ahead of it. */
  readonly fromMs: number;
}

export class PushHold {
  readonly #letGo: (frame: SharedFrame) => void;
  readonly #monotonicMs: () => number;
  readonly #held: Held[] = [];
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

  /**
   * @param isEcho the reply to the message has just left
   * @returns false if the frame need not wait, and is the caller's to send
   */
  keeps(frame: SharedFrame, isEcho: boolean): boolean {
    const last = this.#held.at(-1);
    if (!isEcho && last === undefined && !this.#isSyncing) return false;
    this.#held.push({ frame, fromMs: isEcho ? this.#monotonicMs() + echoDelayMs : (last?.fromMs ?? 0) });
    if (this.#held.length === mostHeld) this.#letAllGo();
    else if (last === undefined && !this.#isSyncing) this.#timer = setTimeout(this.#letDueGo, echoDelayMs);
    return true;
  }

  /** A request of the client's is about to be served. */
  beginRequest(reqIdentifier: number): void {
    if (reqIdentifier === reqIdentifiers.getReadAndMaxSeqs && !this.#hasAsked) {
      this.#hasAsked = true;
      this.#isSyncing = true;
      this.#stopTimer();
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

  readonly #letDueGo = (): void => {
    this.#stopTimer();
    const nowMs = this.#monotonicMs();
    const stays = this.#held.findIndex(({ fromMs }) => fromMs > nowMs);
    for (const { frame } of this.#held.splice(0, stays === -1 ? this.#held.length : stays)) this.#letGo(frame);
    const [next] = this.#held;
    if (next !== undefined) this.#timer = setTimeout(this.#letDueGo, Math.ceil(next.fromMs - nowMs));
  };

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #letAllGo = (): void => {
    this.#stopTimer();
    this.#isSyncing = false;
    for (const { frame } of this.#held.splice(0)) this.#letGo(frame);
  };
}

function isOfSync(reqIdentifier: number): boolean {
  return reqIdentifier === reqIdentifiers.getReadAndMaxSeqs || reqIdentifier === reqIdentifiers.pullMessagesBySeqRanges;
}
