/** Who is in which group as it follows from changes that were accepted, in the fewest words: what groups are compared with. */
import type { GroupOperation } from './group-operations.ts';

interface ModelGroup {
  verification: number;
  isDismissed: boolean;
  readonly members: Record<string, { role: number; isMuted: boolean }>;
}

export class GroupModel {
  readonly #groups: Record<string, ModelGroup>;

  constructor(state: Readonly<Record<string, ModelGroup>>) {
    this.#groups = structuredClone(state);
  }

  state(): Readonly<Record<string, ModelGroup>> {
    return this.#groups;
  }

  /** Something that was answered with a success. */
  apply({ what, by, groupID, userID, users }: GroupOperation): void {
    if (what === 'create') this.#groups[groupID] = { verification: 0, isDismissed: false, members: founders(users) };
    const group = this.#groups[groupID];
    if (group === undefined) return;
    const { members } = group;
    const member = members[userID];
    const add = (newcomers: readonly string[]) => {
      for (const newcomer of newcomers) members[newcomer] ??= { role: 20, isMuted: false };
    };
    switch (what) {
      case 'invite':
        if (group.verification !== 1 || by === 'root' || (members[by]?.role ?? 0) > 20) add(users);
        break;
      case 'join':
        if (group.verification === 2) add([userID]);
        break;
      case 'agree':
        add([userID]);
        break;
      case 'quit':
        delete members[userID];
        break;
      case 'kick':
        for (const kicked of users) delete members[kicked];
        break;
      case 'transfer':
        this.#transfer(members, by === 'root' ? (users[0] ?? '') : by, userID);
        break;
      case 'dismiss':
        group.isDismissed = true;
        for (const gone of Object.keys(members)) delete members[gone];
        break;
      case 'mute':
      case 'unmute':
        if (member !== undefined) member.isMuted = what === 'mute';
        break;
      case 'promote':
      case 'demote':
        if (member !== undefined) member.role = what === 'promote' ? 60 : 20;
        break;
      case 'setAsked':
        group.verification = 0;
        break;
      case 'setInvitedByManager':
        group.verification = 1;
        break;
      case 'setNobodyAsked':
        group.verification = 2;
    }
  }

  #transfer(members: ModelGroup['members'], from: string, to: string): void {
    const [oldOwner, newOwner] = [members[from], members[to]];
    if (oldOwner === undefined || newOwner === undefined) return;
    members[from] = { ...oldOwner, role: newOwner.role };
    members[to] = { role: 100, isMuted: false };
  }
}

function founders([owner, admin, ...others]: readonly string[]): ModelGroup['members'] {
  const withRole = (role: number) => (userID: string) => [userID, { role, isMuted: false }] as const;
  return Object.fromEntries([
    ...[owner].flatMap((userID) => (userID === undefined ? [] : [withRole(100)(userID)])),
    ...[admin].flatMap((userID) => (userID === undefined ? [] : [withRole(60)(userID)])),
    ...others.map(withRole(20)),
  ]);
}
