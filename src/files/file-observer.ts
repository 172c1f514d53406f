/** What is told of files for those who watch over the server. */

/** What the store of contents was asked for. */
export const storeOperations = ['begin', 'sign', 'receive', 'finish', 'look', 'read', 'remove'] as const;
export type StoreOperation = (typeof storeOperations)[number];

export interface FileObserver {
  /** An object was made. @param content whether it had to be sent */
  uploaded(content: 'new' | 'known'): void;
  /** Bytes of a part or a form have arrived here, and are kept. */
  received(bytes: number): void;
  /** A client is given bytes from here, or the address where they are. */
  served(kind: 'original' | 'thumbnail' | 'redirect', bytes: number): void;
  /** By its own fault, and not by that of whoever asked. */
  storeFailed(operation: StoreOperation): void;
}
