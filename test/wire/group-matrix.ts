/**
 * Who may call an endpoint about a group (M5): its example is tried by everybody that one may be to a group. Alice and bob
 * are ordinary members of it, carol has asked to join.
 */
import type { Endpoint, ExampleBody, GroupAccess } from '../../src/http/endpoint.ts';
import { envelopeOf } from './raw-http.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** Role and user. */
const callers = {
  owner: 'matrixOwner',
  admin: 'matrixAdmin',
  member: 'alice',
  'former member': 'matrixFormer',
  stranger: 'matrixStranger',
  'IM admin': 'imAdmin',
} as const;
type Caller = keyof typeof callers;

const maySucceed: Readonly<Record<GroupAccess['role'], readonly Caller[]>> = {
  member: ['owner', 'admin', 'member', 'IM admin'],
  manager: ['owner', 'admin', 'IM admin'],
  owner: ['owner', 'IM admin'],
};

export function* groupMatrix({ access, example }: Endpoint): Generator<Scenario> {
  if (typeof access !== 'object' || !('group' in access)) return;
  for (const [caller, userID] of Object.entries(callers) as [Caller, string][]) {
    const isLetIn = maySucceed[access.role].includes(caller);
    const groupID = `matrix_${userID}`;
    yield {
      name: `M5 the example is ${isLetIn ? 'done' : 'refused'} for ${caller} of the group`,
      given: (world) => makeGroup(world, groupID),
      token: (world) => (userID === 'imAdmin' ? world.issueAdmin() : world.issue(userID, 4)),
      body: withGroup(example, access.group.split('.'), groupID),
      expect: isLetIn ? { errCode: 0, data: () => {} } : { errCode: /^100[24]$/ },
    };
  }
}

/** The same body, with another group. */
function withGroup(
  value: unknown,
  [key, ...rest]: readonly string[],
  groupID: string,
): ExampleBody | readonly unknown[] {
  if (Array.isArray(value)) return value.map((item) => withGroup(item, [key ?? '', ...rest], groupID));
  const body = value as ExampleBody;
  if (key === undefined) return body;
  const whole = Array.isArray(body[key]) ? [groupID] : groupID;
  return { ...body, [key]: rest.length === 0 ? whole : withGroup(body[key], rest, groupID) };
}

async function makeGroup(world: World, groupID: string): Promise<void> {
  for (const userID of Object.values(callers)) {
    // Registered by the first of them.
    const users = [{ userID, nickname: userID }];
    envelopeOf(await world.post('/user/user_register', { users }, world.token('admin')));
  }
  await world.call('/group/create_group', {
    groupInfo: { groupID, groupType: 2 },
    ownerUserID: callers.owner,
    adminUserIDs: [callers.admin],
    memberUserIDs: [callers.member, 'bob', callers['former member']],
  });
  await world.call('/group/quit_group', { groupID, userID: callers['former member'] });
  await world.call('/group/join_group', { groupID, joinSource: 3, inviterUserID: 'carol' });
}
