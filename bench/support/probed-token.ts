/**
 * One token of bench/token-lifetime and what its probes prove. A probe's answer was true at some instant between its
 * sending and its arrival, nobody knows which: it proves only what holds for all of them.
 */
import type { Device, Login } from './token-system.ts';

export interface Probe {
  /** Unix ms. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** 0: accepted. */
  readonly code: number;
}

export class ProbedToken {
  readonly login: Login;
  readonly device: Device;
  /** Unix ms, when the answer to the login was there. */
  readonly issuedAt: number;
  /** Unix ms when it is known to have been kicked or revoked. */
  endedAt = Number.POSITIVE_INFINITY;
  /** A renewal has taken its place: it is accepted on, but the policy counts it no more. */
  isReplaced = false;
  /** Refused before its end although nobody had ended it: by how much at least, and at most. */
  earlyByMs = 0;
  earlyByAtMostMs = 0;
  /** Accepted at or after its end: by how much at least. */
  lateByMs = -1;
  /** Accepted that long after it was kicked or revoked. */
  keptForMs = 0;
  /** It was accepted at this instant or later; at its issue at the latest. */
  #acceptedAt: number;
  /** It was refused at this instant or earlier. */
  #refusedAt = Number.POSITIVE_INFINITY;

  constructor(device: Device, login: Login, issuedAt: number) {
    this.device = device;
    this.login = login;
    this.issuedAt = issuedAt;
    this.#acceptedAt = issuedAt;
  }

  get isEnded(): boolean {
    return this.endedAt !== Number.POSITIVE_INFINITY;
  }

  accepted({ sentAt }: Probe): void {
    this.#acceptedAt = Math.max(this.#acceptedAt, sentAt);
    if (sentAt >= this.login.endsAt) this.lateByMs = Math.max(this.lateByMs, sentAt - this.login.endsAt);
    if (sentAt > this.endedAt) this.keptForMs = Math.max(this.keptForMs, sentAt - this.endedAt);
  }

  /** @returns whether the refusal came before the token's end, and so must have a reason */
  refused({ receivedAt }: Probe): boolean {
    this.#refusedAt = Math.min(this.#refusedAt, receivedAt);
    return receivedAt < this.login.endsAt;
  }

  /** The refusal has no reason. */
  diedEarly({ receivedAt }: Probe): void {
    const early = this.login.endsAt - receivedAt;
    if (early <= this.earlyByMs) return;
    this.earlyByMs = early;
    this.earlyByAtMostMs = this.login.endsAt - Math.min(this.#acceptedAt, receivedAt);
  }

  /** How far from the promised end the real one may be at most, for all that the probes say. */
  get errorAtMostMs(): number {
    const { endsAt } = this.login;
    return Math.max(endsAt - this.#acceptedAt, this.#refusedAt - endsAt, 0);
  }
}
