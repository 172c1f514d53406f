/** Groups to act on, and what tests of their endpoints have in common. */
import assert from 'node:assert/strict';
import { everythingOf } from './group-rows.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** Owner alice, admin bob, member carol; dora, eve and frank are strangers. */
export const cast = {
  setUp: (world: World) => world.register('dora', 'eve', 'frank'),
};

/** A group of the cast's, made by its owner. @param info over the defaults */
export async function makeTeam(world: World, groupID: string, info: object = {}): Promise<void> {
  await world.call('/group/create_group', {
    groupInfo: { groupID, groupName: groupID, groupType: 2, ...info },
    ownerUserID: 'alice',
    adminUserIDs: ['bob'],
    memberUserIDs: ['carol'],
  });
}

export const as = (userID: string) => (world: World) => world.issue(userID, 2);

/** What a call of a user's is answered with, or of imAdmin's. */
export async function answerFor(world: World, userID: string, path: string, body: object) {
  const token = userID === 'imAdmin' ? world.token('admin') : await world.issue(userID, 3);
  return JSON.parse((await world.post(path, body, token)).body.toString());
}

export async function codeFor(world: World, userID: string, path: string, body: object): Promise<number> {
  return (await answerFor(world, userID, path, body)).errCode;
}

/** A call of a user's that has to succeed. */
export async function actAs(world: World, userID: string, path: string, body: object): Promise<void> {
  const { errCode, errDlt } = await answerFor(world, userID, path, body);
  assert.equal(errCode, 0, `${path} by ${userID}: ${errDlt}`);
}

/** What a user is answered with who wants to say something in a group. */
export function codeForSpeaking(world: World, sendID: string, groupID: string): Promise<number> {
  const body = { sendID, groupID, contentType: 101, sessionType: 3, content: { content: 'hi' } };
  return codeFor(world, 'imAdmin', '/msg/send_msg', body);
}

interface Refusal {
  readonly by: string;
  readonly errCode: number;
  readonly groupID: string;
  readonly body: object;
  readonly given?: (world: World) => Promise<unknown>;
}

/** A call about a group that is refused and changes nothing of it. */
export function refusal(name: string, { by, errCode, groupID, body, given }: Refusal): Scenario {
  let before: unknown;
  return {
    name: `${name} is ${errCode}, and nothing changes`,
    token: by === 'imAdmin' ? 'admin' : as(by),
    given: async (world) => {
      await given?.(world);
      before = everythingOf(world, groupID);
    },
    body: { groupID, ...body },
    expect: {
      errCode,
      data: (data: unknown, world: World) => {
        assert.equal(data, undefined);
        assert.deepEqual(everythingOf(world, groupID), before);
      },
    },
  };
}

export type RefusedRow = readonly [name: string, by: string, fields: object, errCode: number];

/** Calls that differ from one that succeeds in the fields named, and in who makes them. */
export function refusedRows(base: object, rows: readonly RefusedRow[]): Scenario[] {
  return rows.map(([name, by, fields, errCode]) => ({
    name: `${name}: ${errCode}`,
    token: as(by),
    body: { ...base, ...fields },
    expect: { errCode },
  }));
}

/** Something is said in a group's chat. */
export async function say(world: World, sendID: string, groupID: string, text: string): Promise<void> {
  await world.call('/msg/send_msg', { sendID, groupID, contentType: 101, sessionType: 3, content: { content: text } });
}

/** Contents and types of what a user can pull of a group's chat, by seq. */
export async function readableBy(world: World, userID: string, groupID: string): Promise<readonly string[]> {
  const conversationID = `sg_${groupID}`;
  const { msgs } = await world.call('/msg/pull_msg_by_seq', {
    userID,
    seqRanges: [{ conversationID, begin: 1, end: 1000, num: 1000 }],
    order: 0,
  });
  const pulled = (msgs?.[conversationID]?.Msgs ?? []) as { seq: number; contentType: number; content: string }[];
  return pulled.map(({ contentType, content }) => {
    const text = JSON.parse(Buffer.from(content, 'base64').toString());
    return contentType === 101 ? text.content : `${contentType}`;
  });
}

export async function dismiss(world: World, groupID: string): Promise<void> {
  await world.call('/group/dismiss_group', { groupID });
}
