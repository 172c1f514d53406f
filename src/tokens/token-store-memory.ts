/** What has to be known of a token store that may forget, and how it is told again. */
import type { KeptCutoff, TokenEnd } from './token-end-store.ts';

export interface StoreMemory {
  /** @throws the store's failure */
  look(): Promise<MemoryLook>;
  /** The store, as it was looked at, has been told everything. @throws the store's failure */
  confirm(look: MemoryLook): Promise<void>;
  /**
   * Ends tokens of one user that the store takes for good or does not know. Those that it has ended stay as they are.
   * @returns how many were changed
   * @throws the store's failure
   */
  restore(userID: string, ends: readonly TokenEnd[]): Promise<number>;
  /** All that the store knows to have ended, a portion at a time; reads everything. @throws the store's failure */
  knownEnds(): AsyncIterable<KnownToStore>;
}

export interface KnownToStore {
  readonly ends: readonly TokenEnd[];
  readonly cutoffs: readonly KeptCutoff[];
}

export interface MemoryLook {
  /** Changes whenever the store may have forgotten; undefined if it does not show who it is. */
  readonly identity: string | undefined;
  /** Whether the store that is there now has been told everything. */
  readonly knowsAll: boolean;
  /** Whether nobody has ever told it anything: what it knows may stand nowhere else. */
  readonly isUntold: boolean;
  /** Whether it may throw single tokens away for want of memory; undefined if it does not show. */
  readonly mayEvict: boolean | undefined;
  /** Whether a crash of it may lose what it was told; undefined if it does not show. */
  readonly mayLose: boolean | undefined;
}
