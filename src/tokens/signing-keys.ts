/**
 * The keys of this process: one signs, several verify. They can be replaced while tokens are being issued and verified,
 * which is how a key is rotated without a restart and without logging anyone out.
 */
import { keyID } from '../protocol/key-id.ts';

/**
 * A kid in two characters, for a record of which memory holds very many. Of two keys one in 1600 have the same: then a
 * token of the one is listed as if the other had signed it, and verified as ever.
 */
export function keyMark(kid: string): string {
  const number = Number.parseInt(kid, 16);
  return markLetters.charAt(number % 26) + markLetters.charAt(Math.floor(number / 26) % 62);
}

const markLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export interface SigningKey {
  /** Names the key in token headers, logs and commands. */
  readonly kid: string;
  readonly secret: string;
  /**
   * Whether a signature of it proves too little: it is a secret that people choose and hand about. What it has signed
   * counts only where the store knows it.
   */
  readonly needsStore: boolean;
}

/** The keys of one moment; never changed, only replaced as a whole. */
export interface KeyRing {
  readonly signing: SigningKey;
  /** All that verify, `signing` first, each once. */
  readonly all: readonly SigningKey[];
}

/** At least one; the first signs, all verify. */
export type KeySecrets = readonly [string, ...string[]];

export class SigningKeys {
  readonly #needingStore: ReadonlySet<string>;
  #ring: KeyRing;
  #look: () => void = () => {};
  #onReplaced: () => void = () => {};

  /** @param needingStore secrets that prove too little, wherever they are among the keys */
  constructor(secrets: KeySecrets, needingStore: readonly string[] = []) {
    this.#needingStore = new Set(needingStore);
    this.#ring = ringOf(secrets, this.#needingStore);
  }

  /** What holds now. Whoever derives something from it compares by identity to notice that it has been replaced. */
  get ring(): KeyRing {
    return this.#ring;
  }

  /** For logs: the ring without its secrets, and without kids against which a guess could be tried. */
  get kids(): { readonly signing: string; readonly verifying: readonly string[] } {
    const [signing = '', ...verifying] = this.#ring.all.map(({ kid, needsStore }) => (needsStore ? 'a secret' : kid));
    return { signing, verifying };
  }

  /** @returns whether anything changed; the ring is another object only then */
  replace(secrets: KeySecrets): boolean {
    const next = ringOf(secrets, this.#needingStore);
    if (isSame(next, this.#ring)) return false;
    this.#ring = next;
    this.#onReplaced();
    return true;
  }

  /**
   * @param look is called when a token names a key that is not here, and may `replace` the keys before it returns. It
   * must limit its own rate: anybody can send such tokens.
   */
  whenUnknown(look: () => void): void {
    this.#look = look;
  }

  /** @param onReplaced is called after each change */
  whenReplaced(onReplaced: () => void): void {
    this.#onReplaced = onReplaced;
  }

  /** Whether no key of such a mark verifies, here and now; false where the mark is not known. */
  isRetired(mark: string | undefined): boolean {
    const isGone = () => mark !== undefined && this.#ring.all.every(({ kid }) => keyMark(kid) !== mark);
    if (!isGone()) return false;
    // Another node may sign with a newer key already.
    this.#look();
    return isGone();
  }

  /** Asks for newer keys, on behalf of a token that names one which is not in the ring. */
  lookForNewer(): void {
    this.#look();
  }
}

function ringOf([first, ...others]: KeySecrets, needingStore: ReadonlySet<string>): KeyRing {
  const toKey = (secret: string) => ({ kid: keyID(secret), secret, needsStore: needingStore.has(secret) });
  const signing = toKey(first);
  return { signing, all: [signing, ...[...new Set(others)].filter((secret) => secret !== first).map(toKey)] };
}

function isSame(a: KeyRing, b: KeyRing): boolean {
  return a.all.length === b.all.length && a.all.every(({ secret }, index) => secret === b.all[index]?.secret);
}
