/** How far the members of a group have read its chat, in a durable store. Suite: test/contract/group-reader-store.test.ts. */

export interface GroupReader {
  readonly userID: string;
  readonly readSeq: number;
  /** The first that the member may read; 0 is no limit. */
  readonly fromSeq: number;
}

export interface GroupReaderStore {
  /** Who is in the group, in order of their IDs; at most `limit`. */
  readers(groupID: string, logID: string, limit: number): Promise<readonly GroupReader[]>;
}
