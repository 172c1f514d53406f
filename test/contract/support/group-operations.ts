/** Changes of groups at random, of those that users and admins ask for. */

const kinds = [
  ...['create', 'invite', 'invite', 'invite', 'join', 'join', 'agree', 'agree', 'refuse', 'quit', 'kick', 'transfer'],
  ...['dismiss', 'muteGroup', 'unmuteGroup', 'mute', 'mute', 'unmute', 'promote', 'promote', 'demote', 'rename'],
  ...['setNobodyAsked', 'setAsked', 'setInvitedByManager', 'profile'],
] as const;

export interface GroupOperation {
  readonly what: (typeof kinds)[number];
  readonly by: string;
  readonly groupID: string;
  /** One who is meant, or several. */
  readonly userID: string;
  readonly users: readonly string[];
}

const groupsAtOnce = 3;

/**
 * @param everybody the last of them is an IM admin
 * @param prefix of the IDs of groups
 * @param step how many there were before: now and then new groups take the place of the earlier ones
 */
export function randomOperation(
  random: (bound: number) => number,
  everybody: readonly string[],
  prefix: string,
  step: number,
): GroupOperation {
  const [generation, age] = [Math.floor(step / 40), step % 40];
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item;
  const by = pick(everybody);
  const people = everybody.slice(0, -1);
  const what = age < groupsAtOnce ? 'create' : pick(kinds);
  // Mostly about oneself where only that is allowed.
  const isOwn = (what === 'join' || what === 'quit') && by !== everybody.at(-1);
  const others = people.filter(() => random(what === 'kick' ? 6 : 3) === 0);
  return {
    what,
    by,
    groupID: `${prefix}.${generation}.${age < groupsAtOnce ? age : random(groupsAtOnce)}`,
    userID: isOwn ? by : pick(people),
    users: what === 'create' ? [by, ...others.filter((userID) => userID !== by)] : others,
  };
}
