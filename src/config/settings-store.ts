/** What settings that are changed at run time need from a durable store. Suite: test/contract/settings-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';

export interface SettingsState {
  /** Rises with every change. */
  readonly version: number;
  /** False: what was set is kept and does not hold. */
  readonly isEnabled: boolean;
}

export interface StoredSettings extends SettingsState {
  /** JSON by key. */
  readonly values: ReadonlyMap<string, string>;
}

/** One setting that was changed, for those who ask later. */
export interface SettingChange {
  /** The version that it made. */
  readonly version: number;
  /** Empty: whether what is set holds at all. */
  readonly key: string;
  /** JSON; empty: it was not set. */
  readonly before: string;
  /** JSON; empty: it is not set any more. */
  readonly after: string;
  /** Unix ms. */
  readonly at: number;
  readonly userID: string;
  readonly operationID: string;
}

export interface SettingsStore {
  state(): Promise<SettingsState>;
  read(): Promise<StoredSettings>;
  /**
   * Goes from one version to the next; whoever else does waits until the transaction ends.
   * @returns what there was before, or undefined if that had another version
   */
  advance(tx: Transaction, version: number): Promise<StoredSettings | undefined>;
  /** Undefined: not set any more. */
  put(tx: Transaction, values: ReadonlyMap<string, string | undefined>): Promise<void>;
  enable(tx: Transaction, isEnabled: boolean): Promise<void>;
  /** Adds to the record of changes, which keeps the newest `keep`. */
  note(tx: Transaction, changes: readonly SettingChange[], keep: number): Promise<void>;
  /** The newest first. */
  changes(limit: number): Promise<readonly SettingChange[]>;
}
