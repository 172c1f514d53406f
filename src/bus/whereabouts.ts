/** On which nodes somebody is online: derived state that all nodes share. */

export interface Whereabouts {
  /**
   * Nodes by user, and by group those of its members; nobody's are left out. Nodes that are no more may be among them.
   * One round trip, however many are asked for. Rejects if it is not known.
   */
  find(userIDs: Iterable<string>, groupIDs: Iterable<string>): Promise<FoundNodes>;
}

export interface FoundNodes {
  readonly ofUsers: ReadonlyMap<string, readonly string[]>;
  readonly ofGroups: ReadonlyMap<string, readonly string[]>;
}
