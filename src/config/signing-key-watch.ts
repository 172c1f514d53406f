/**
 * Keeps a running server's keys those of signing-keys.json: the file is looked at every few seconds, when a token names
 * a key that is not known, and when asked to. What cannot be read changes nothing.
 */
import { type BigIntStats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import type { AdminKeys } from './admin-keys.ts';
import { ConfigError } from './config.ts';
import { readSigningKeyFile, secretsOf, signingKeyFileName } from './signing-key-file.ts';

export interface SigningKeyWatchOptions {
  readonly dataDir: string;
  readonly adminKeys: AdminKeys;
  /** Given the file's keys whenever they change. */
  readonly keys: SigningKeys;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  /** Told the kids, never the keys. */
  readonly log: KeyLog;
}

/** The part of a logger that is needed here. */
export interface KeyLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export class SigningKeyWatch {
  readonly #options: SigningKeyWatchOptions;
  readonly #path: string;
  /** Tells the file that was read last from others; undefined while there is none. */
  #seen: string | undefined;
  /** Told already, and not again at every check. */
  #complaint: string | undefined;
  #lookedForUnknownMs = Number.NEGATIVE_INFINITY;

  /** Starts from the keys as they are; the first check reads the file. */
  constructor(options: SigningKeyWatchOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, signingKeyFileName);
    options.keys.whenUnknown(() => this.#checkForUnknown());
  }

  /**
   * Reads the file if it is not the one that was read last. To be called every few seconds.
   * @returns whether the keys have changed
   */
  check(): boolean {
    try {
      const hasChanged = this.#readIfNew();
      this.#complaint = undefined;
      return hasChanged;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  /** Reads the file whether it has changed or not, and tells the log in any case which keys hold. */
  reload(): void {
    if (this.#seen !== undefined) this.#seen = 'to be read again';
    this.#complaint = undefined;
    if (!this.check()) this.#tellKeys();
  }

  /** Anybody can send tokens with an invented kid, so this has a limit. */
  #checkForUnknown(): void {
    const nowMs = this.#options.monotonicMs();
    if (nowMs - this.#lookedForUnknownMs < unknownLookEveryMs) return;
    this.#lookedForUnknownMs = nowMs;
    this.check();
  }

  /** What fails is tried again at the next check: it may be a file that is still being written. */
  #readIfNew(): boolean {
    const { dataDir, adminKeys, keys } = this.#options;
    const stats = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    const seen = stats === undefined ? undefined : fingerprintOf(stats);
    if (seen === this.#seen) return false;
    const stored = readSigningKeyFile(dataDir);
    if (stored === undefined || stats === undefined) throw new ConfigError(`${this.#path}: has gone`);
    this.#seen = seen;
    this.#warnIfExposed(stats);
    if (!keys.replace(secretsOf(stored, adminKeys))) return false;
    this.#tellKeys();
    return true;
  }

  #complain(error: unknown): void {
    const complaint = error instanceof Error ? error.message : String(error);
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    this.#options.log.error({ err: error }, 'the signing keys cannot be read: those from before stay in use');
  }

  #tellKeys(): void {
    this.#options.log.info(this.#options.keys.kids, 'signing keys');
  }

  #warnIfExposed({ mode }: BigIntStats): void {
    const open = Number(mode) & 0o077;
    // Windows has no such modes and reports one that looks open.
    if (open === 0 || process.platform === 'win32') return;
    this.#options.log.warn({ path: this.#path }, 'others than its owner may use the file with the signing keys');
  }
}

const unknownLookEveryMs = 1000;

/** A file that was replaced is another one; one that was written to has another time or size. */
function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
