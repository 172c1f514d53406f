/** Does to the groups domain what an operation says. */
import { ProtocolError } from '../../../src/protocol/errors.ts';
import { MsgData } from '../../../src/protocol/gen/openim.ts';
import { callBy, type GroupDomain } from './group-domain.ts';
import type { GroupOperation } from './group-operations.ts';

/** @returns 0, or the code with which it was refused */
export function runOperation(domain: GroupDomain, operation: GroupOperation): Promise<number> {
  const { by, groupID, userID, users, what } = operation;
  const call = callBy(by, { isAdmin: by === 'root' });
  const set = (fields: object) => domain.memberSettings.set(call, [{ ...unsetMember, groupID, userID, ...fields }]);
  switch (what) {
    case 'create': {
      const [ownerUserID = by, ...rest] = users;
      const members = { ownerUserID, adminUserIDs: rest.slice(0, 1), memberUserIDs: rest.slice(1) };
      return codeOf(domain.groups.create(call, { ...blankGroup, groupID, name: groupID }, members, null));
    }
    case 'invite':
      return codeOf(domain.members.invite(call, groupID, users, null));
    case 'join':
      return codeOf(domain.requests.join(call, { groupID, userID, joinSource: 3, reqMsg: '', ex: '' }));
    case 'agree':
      return codeOf(domain.requests.answer(call, { groupID, userID, result: 1, handleMsg: '' }));
    case 'refuse':
      return codeOf(domain.requests.answer(call, { groupID, userID, result: -1, handleMsg: '' }));
    case 'quit':
      return codeOf(domain.members.quit(call, groupID, userID));
    case 'kick':
      return codeOf(domain.members.kick(call, groupID, users, null));
    case 'transfer':
      return codeOf(domain.ownership.transfer(call, groupID, by === 'root' ? (users[0] ?? '') : by, userID));
    case 'dismiss':
      return codeOf(domain.ownership.dismiss(call, groupID, null));
    case 'muteGroup':
      return codeOf(domain.settings.mute(call, groupID, true));
    case 'unmuteGroup':
      return codeOf(domain.settings.mute(call, groupID, false));
    case 'mute':
      return codeOf(domain.memberSettings.mute(call, groupID, userID, 3600));
    case 'unmute':
      return codeOf(domain.memberSettings.cancelMute(call, groupID, userID));
    case 'promote':
      return codeOf(set({ role: 60 }));
    case 'demote':
      return codeOf(set({ role: 20 }));
    case 'rename':
      return codeOf(set({ nickname: `name of ${userID}` }));
    case 'setNobodyAsked':
    case 'setAsked':
    case 'setInvitedByManager':
      return codeOf(domain.settings.set(call, { groupID, ...unsetGroup, needVerification: verificationBy[what] }));
    case 'profile':
      return codeOf(changeProfile(domain, by, `nick ${groupID}`));
  }
}

const verificationBy = { setAsked: 0, setInvitedByManager: 1, setNobodyAsked: 2 } as const;

/** In slices of two groups. @returns the tips of what was told, by group */
export async function changeProfile(
  { db, users, profilesInSlicesOf, told }: GroupDomain,
  userID: string,
  nickname: string,
) {
  const profiles = profilesInSlicesOf(2);
  const before = told.length;
  await db.transaction(async (tx) => {
    await users.update(tx, userID, { nickname, faceURL: null, ex: null, globalRecvMsgOpt: null });
    await profiles.changed(tx, callBy(userID), userID);
  });
  // Each slice leaves the next one behind.
  for (let index = before; index < told.length; index++) {
    const entry = told[index];
    if (entry?.key === `group-profiles:${userID}`) await profiles.workOff({ ...entry, id: index });
  }
  const notices = told.slice(before).filter(({ topic }) => topic === 'notices');
  return new Map(notices.map(({ key, payload }) => [key, tipsOf(payload)]));
}

function tipsOf(payload: string) {
  const { content } = MsgData.decode(Buffer.from(JSON.parse(payload).message, 'base64'));
  return JSON.parse(JSON.parse(Buffer.from(content).toString()).detail);
}

/** 0, or the code of the protocol. @throws what is no error of the protocol */
export async function codeOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 0;
  } catch (error) {
    if (error instanceof ProtocolError && error.code !== 500) return error.code;
    throw error;
  }
}

export const blankGroup = {
  notification: '',
  introduction: '',
  faceURL: '',
  ex: '',
  groupType: 2,
  creatorUserID: '',
  needVerification: 0,
  lookMemberInfo: 0,
  applyMemberFriend: 0,
  notificationUpdatedAt: 0,
  notificationUserID: '',
};

export const unsetMember = { role: null, nickname: null, faceURL: null, ex: null };

export const unsetGroup = {
  name: null,
  notification: null,
  introduction: null,
  faceURL: null,
  ex: null,
  lookMemberInfo: null,
  applyMemberFriend: null,
};
