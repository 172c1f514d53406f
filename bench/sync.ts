/**
 * What it costs to be up to date: the first and the next sync of a user with many friends and groups, and everything that
 * is read of a large group, on the embedded store. Bytes, time, queries and CPU (client and server are one process, so
 * that queries can be counted).
 *
 *   node bench/sync.ts [--quick]
 *
 * Aims: a member joins a group of 100 000 in under 20 ms; all but what lists every member is flat from 1 000 to 100 000.
 */

import { readCommandLine } from './support/command-line.ts';
import { LeanSocket } from './support/lean-socket.ts';
import { median, whole } from './support/numbers.ts';
import { type Cost, largeGroup, SyncWorld, userNamed } from './support/sync-world.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, { quick: { type: 'boolean', default: false } });
const plan = values.quick
  ? { friends: 1000, groups: 100, membersPerGroup: 5, largeGroups: [1000, 100_000] }
  : { friends: 5000, groups: 500, membersPerGroup: 20, largeGroups: [1000, 10_000, 100_000] };
const runs = values.quick ? 3 : 15;
const online = values.quick ? 100 : 1000;

await using world = await SyncWorld.open(plan);
await syncOfUser();
await costsBySize();
await joining();

async function syncOfUser(): Promise<void> {
  const me = (path: string, body: object) => world.call('me', path, body);
  const paged = async (path: string, body: object, rows: number): Promise<Cost> => {
    const costs: Cost[] = [];
    for (let page = 1; (page - 1) * 100 < rows; page += 1) {
      costs.push(await me(path, { ...body, pagination: { pageNumber: page, showNumber: 100 } }));
    }
    return sum(costs);
  };
  const nothing = { version: 0, versionID: '' };
  const groupIDs = Array.from({ length: plan.groups }, (_, index) => `g${index}`);
  const batch = (head: (groupID: string) => object) => ({
    reqList: groupIDs.map((groupID) => ({ groupID, ...head(groupID) })),
  });
  // The first call of each kind compiles it.
  await me('/friend/get_incremental_friends', { userID: 'me', ...nothing });

  const friends = await me('/friend/get_incremental_friends', { userID: 'me', ...nothing });
  const groups = await me('/group/get_incremental_join_groups', { userID: 'me', ...nothing });
  const members = await me(
    '/group/get_incremental_group_members_batch',
    batch(() => nothing),
  );
  const heads = members.data.respList as Readonly<Record<string, { version: number; versionID: string }>>;
  const headOf = (groupID: string) => ({
    version: heads[groupID]?.version ?? 0,
    versionID: heads[groupID]?.versionID ?? '',
  });
  const first: readonly (readonly [string, Cost])[] = [
    ['what has changed of friends: full', friends],
    ['pages of friends', await paged('/friend/get_friend_list', { userID: 'me' }, plan.friends)],
    ['IDs of friends', await me('/friend/get_full_friend_user_ids', { userID: 'me', idHash: 0 })],
    ['what has changed of groups: full', groups],
    ['pages of groups', await paged('/group/get_joined_group_list', { fromUserID: 'me' }, plan.groups)],
    ['IDs of groups', await me('/group/get_full_join_group_ids', { userID: 'me', idHash: 0 })],
    ['what has changed of members of all groups: full', members],
  ];

  const friendUserIDs = Array.from({ length: 10 }, (_, index) => userNamed(index));
  await me('/friend/update_friends', { ownerUserID: 'me', friendUserIDs, remark: 'another' });
  for (let index = 0; index < 10; index += 1) {
    await me('/group/mute_group_member', { groupID: `g${index * 7}`, userID: userNamed(1), mutedSeconds: 60 });
  }
  await me('/group/create_group', { groupInfo: { groupID: 'new', groupType: 2 }, ownerUserID: 'me' });
  const known = ({ data }: typeof friends) => ({ version: data.version, versionID: data.versionID });
  const next: readonly (readonly [string, Cost])[] = [
    [
      'what has changed of friends: 10',
      await me('/friend/get_incremental_friends', { userID: 'me', ...known(friends) }),
    ],
    [
      'what has changed of groups: 1',
      await me('/group/get_incremental_join_groups', { userID: 'me', ...known(groups) }),
    ],
    [
      'what has changed of members of all groups: 10',
      await me('/group/get_incremental_group_members_batch', batch(headOf)),
    ],
  ];
  const title = `${whole(plan.friends)} friends, ${whole(plan.groups)} groups`;
  print(`First sync: ${title}`, first);
  print(`Next sync, after 10 changes of friends, 10 of members and a new group: ${title}`, next);
}

function print(title: string, rows: readonly (readonly [string, Cost])[]): void {
  const all: readonly (readonly [string, Cost])[] = [...rows, ['all', sum(rows.map(([, cost]) => cost))]];
  printTable(
    title,
    ['', 'bytes', 'ms', 'queries', 'CPU ms'],
    all.map(([what, { bytes, ms, queries, cpuMs }]) => [
      what,
      whole(bytes),
      ms.toFixed(1),
      whole(queries),
      cpuMs.toFixed(1),
    ]),
  );
}

async function costsBySize(): Promise<void> {
  const rows = new Map<string, Cost[]>();
  for (const size of plan.largeGroups) {
    const groupID = largeGroup(size);
    const note = async (what: string, measure: (run: number) => Promise<Cost>, times = runs) => {
      const costs: Cost[] = [];
      for (let run = 0; run < times; run += 1) costs.push(await measure(run));
      rows.set(what, [...(rows.get(what) ?? []), middle(costs)]);
    };
    const me = (path: string, body: object) => world.call('me', path, { groupID, ...body });
    const list = (pageNumber: number, rest: object = {}) =>
      me('/group/get_group_member_list', { pagination: { pageNumber, showNumber: 100 }, ...rest });
    const someone = userNamed(size - 2);

    await list(1);
    await note('first 100 members', () => list(1));
    await note('last 100 members', () => list(size / 100));
    await note('100 members by ID', () =>
      me('/group/get_group_members_info', { userIDs: Array.from({ length: 100 }, (_, index) => userNamed(index * 9)) }),
    );
    await note('all IDs, after a change', async () => {
      await me('/group/mute_group_member', { userID: someone, mutedSeconds: 60 });
      return me('/group/get_full_group_member_user_ids', { idHash: 0 });
    });
    await note('all IDs, again', () => me('/group/get_full_group_member_user_ids', { idHash: 0 }));
    await note('a name that one has', () => list(1, { keyword: `ame ${size - 2}` }));
    await note('fingerprint, after a change', async () => {
      await me('/group/mute_group_member', { userID: someone, mutedSeconds: 60 });
      return me('/group/get_group_abstract_info', { groupIDs: [groupID] });
    });
    await note('what has changed: 10 members', async () => {
      const { data } = await me('/group/get_incremental_group_members', { version: 0, versionID: '' });
      for (let index = 0; index < 10; index += 1) {
        await me('/group/mute_group_member', { userID: userNamed(index * 9), mutedSeconds: 60 });
      }
      return me('/group/get_incremental_group_members', { version: data.version, versionID: data.versionID });
    });
    await note('the group with a new name', (run) => me('/group/set_group_info_ex', { groupName: `Name ${run}` }));
  }
  printBySize('A large group, by its members: median ms (CPU ms, queries, bytes)', rows);
}

/** Newcomers are users of their own; what tells of them reaches members who are online. */
async function joining(): Promise<void> {
  const rows = new Map<string, Cost[]>();
  for (const size of plan.largeGroups) {
    const groupID = largeGroup(size);
    const newcomers = Array.from({ length: runs }, (_, index) => `new${size}x${index}`);
    const users = newcomers.map((userID) => ({ userID, nickname: userID }));
    await world.call('imAdmin', '/user/user_register', { users });
    for (const userID of newcomers) await world.tokenOf(userID);
    const sockets: LeanSocket[] = [];
    const members = Math.min(online, size - 1);
    for (let index = 0; index < members; index += 1) sockets.push(await open(userNamed(index)));
    const [joins, told]: [Cost[], Cost[]] = [[], []];
    for (const userID of newcomers) {
      const reached = untilEachHears(sockets);
      const startedAt = performance.now();
      const body = { groupID, joinSource: 3, inviterUserID: userID };
      const join = await world.call(userID, '/group/join_group', body);
      joins.push(join);
      await reached;
      told.push({ ...join, ms: performance.now() - startedAt });
    }
    for (const socket of sockets) socket.close();
    rows.set('a user joins', [...(rows.get('a user joins') ?? []), middle(joins)]);
    const what = `and ${whole(online)} online members have heard of it`;
    rows.set(what, [...(rows.get(what) ?? []), middle(told)]);
  }
  printBySize('Joining, by members: median ms (CPU ms, queries, bytes)', rows);
}

async function open(userID: string): Promise<LeanSocket> {
  const query = new URLSearchParams({
    sendID: userID,
    token: await world.tokenOf(userID),
    platformID: '5',
    operationID: 'bench',
    isBackground: 'false',
    sdkType: 'js',
  });
  return LeanSocket.open(`ws://127.0.0.1:${world.wsPort}/?${query}`);
}

/** Each socket has got a frame. */
function untilEachHears(sockets: readonly LeanSocket[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const silent = new Set(sockets);
  for (const socket of sockets) {
    socket.onFrame(() => {
      silent.delete(socket);
      if (silent.size === 0) resolve();
    });
  }
  return promise;
}

function printBySize(title: string, rows: ReadonlyMap<string, readonly Cost[]>): void {
  printTable(
    title,
    ['', ...plan.largeGroups.map(whole), 'ratio'],
    [...rows].map(([what, costs]) => [
      what,
      ...costs.map(
        ({ ms, cpuMs, queries, bytes }) => `${ms.toFixed(1)} (${cpuMs.toFixed(0)}, ${queries}, ${whole(bytes)})`,
      ),
      ((costs.at(-1)?.ms ?? 0) / (costs[0]?.ms ?? 1)).toFixed(1),
    ]),
  );
}

function sum(costs: readonly Cost[]): Cost {
  const total = (pick: (cost: Cost) => number) => costs.reduce((all, cost) => all + pick(cost), 0);
  return {
    bytes: total(({ bytes }) => bytes),
    ms: total(({ ms }) => ms),
    queries: total(({ queries }) => queries),
    cpuMs: total(({ cpuMs }) => cpuMs),
  };
}

function middle(costs: readonly Cost[]): Cost {
  const of = (pick: (cost: Cost) => number) => median(costs.map(pick));
  return {
    bytes: of(({ bytes }) => bytes),
    ms: of(({ ms }) => ms),
    queries: of(({ queries }) => queries),
    cpuMs: of(({ cpuMs }) => cpuMs),
  };
}
