/** The names of what nodes share in Redis about who is online. All of a user's are in one Cluster slot. */

/** Hash of the user's connections on all nodes; see presence-fields.ts. */
export function onlineKey(userID: string): string {
  return `tessera:{${userID}}:online`;
}

/** Set of the leases of nodes where somebody wants to know when the user comes and goes. */
export function watchersKey(userID: string): string {
  return `tessera:{${userID}}:watchers`;
}

/** Set of the users who are online under a lease, for whoever is its heir. */
export function usersOfLeaseKey(lease: string): string {
  return `tessera:lease:${lease}:users`;
}
