/**
 * Random changes of groups by several users, refused or not, one after the other and at once: what is promised of groups
 * is true afterwards, and nobody's role or mute is touched by what is about somebody else.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { Appended, NewMessage } from '../../src/log/message-store.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { SqlGroupMemberStore } from '../../src/store/sql-group-member-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { within } from '../support/within.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';
import { addUsers, callBy, type GroupDomain, groupDomainOn } from './support/group-domain.ts';
import { checkInvariants } from './support/group-invariants.ts';
import { GroupModel } from './support/group-model.ts';
import { randomOperation } from './support/group-operations.ts';
import {
  blankGroup,
  changeProfile,
  codeOf,
  runOperation,
  unsetGroup,
  unsetMember,
} from './support/run-group-operation.ts';
import { seededRandom } from './support/token-nodes.ts';
import { startUntilWaiting } from './support/until-waiting.ts';

const people = Array.from({ length: 7 }, (_, index) => `u${index}`);
const everybody = [...people, 'root'];

testOnEveryDatabase('Changes of groups', groupChangesSuite);

async function groupChangesSuite(t: TestContext, { db, peer }: Databases) {
  let now = 1_700_000_000_000;
  const node = await groupDomainOn(db, () => now++);
  const other = await groupDomainOn(peer, () => now++);
  await addUsers(node, everybody);

  // One after the other the engines take the same steps: each has seeds of its own.
  for (const seed of db.dialect === 'sqlite' ? [1, 2] : [3]) {
    await t.test(`one after the other, as seed ${seed} has it: roles and mutes are what was done to them`, async () => {
      const random = seededRandom(seed);
      const model = new GroupModel(await storedState(node));
      const counts = new Map<number, number>();
      for (let step = 0; step < 150; step++) {
        const operation = randomOperation(random, everybody, `s${seed}`, step);
        const code = await runOperation(step % 2 === 0 ? node : other, operation);
        counts.set(code, (counts.get(code) ?? 0) + 1);
        if (code === 0) model.apply(operation);
        const hint = `seed ${seed}, step ${step}: ${JSON.stringify(operation)} answered ${code}`;
        assert.deepEqual(await storedState(node), model.state(), hint);
        if (step % 10 === 9) await checkInvariants(db, hint);
      }
      assert.ok((counts.get(0) ?? 0) > 40 && counts.size > 3, `something of everything: ${[...counts]}`);
    });
  }

  // SQLite has one writer at a time, whoever asks.
  for (const seed of db.dialect === 'sqlite' ? [11] : [12, 13]) {
    await t.test(`eight at once on two nodes, as seed ${seed} has them`, async () => {
      const random = seededRandom(seed);
      for (let round = 0; round < 25; round++) {
        const operations = Array.from({ length: 8 }, (_, index) =>
          randomOperation(random, everybody, `c${seed}`, round * 8 + index),
        );
        const running = operations.map((operation, index) => runOperation(index % 2 === 0 ? node : other, operation));
        const codes = await within('changes made at once', Promise.all(running));
        await checkInvariants(db, `seed ${seed}, round ${round}: ${JSON.stringify(operations)} answered ${codes}`);
      }
    });
  }

  await t.test('two admins who do contradictory things at once: one after the other, whichever is first', async () => {
    for (let round = 0; round < 10; round++) {
      const groupID = `both${round}`;
      const [first, second] = [callBy('u1'), callBy('u2')];
      await create(node, groupID, { ownerUserID: 'u0', adminUserIDs: ['u1', 'u2'], memberUserIDs: ['u3', 'u4'] });
      const codes = await Promise.all([
        codeOf(node.memberSettings.set(first, [{ ...unsetMember, groupID, userID: 'u3', role: 60 }])),
        codeOf(other.members.kick(second, groupID, ['u3'], null)),
        codeOf(node.members.kick(first, groupID, ['u4'], null)),
        codeOf(other.members.kick(second, groupID, ['u4'], null)),
        codeOf(node.ownership.transfer(callBy('u0'), groupID, 'u0', 'u1')),
        codeOf(other.ownership.transfer(callBy('u0'), groupID, 'u0', 'u2')),
      ]);
      assert.equal(codes.slice(2, 4).toSorted().join(), '0,1101', 'one has kicked');
      assert.equal(codes.slice(4).toSorted().join(), '0,1002', 'one is the owner');
      // Made an admin and kicked: kicked before, or an admin whom another cannot kick; or by the owner that one is by then.
      assert.ok(['0,0', '0,1002', '1001,0'].includes(codes.slice(0, 2).join()), codes.slice(0, 2).join());
      await checkInvariants(db, `both in round ${round}`);
    }
  });

  await t.test('dismissed while others come, go and speak of it: nobody is left in it', async () => {
    for (let round = 0; round < 10; round++) {
      const groupID = `ending${round}`;
      await create(node, groupID, { ownerUserID: 'u0', adminUserIDs: ['u1'], memberUserIDs: ['u2'] });
      await Promise.all([
        codeOf(other.members.invite(callBy('u1'), groupID, ['u3', 'u4'], null)),
        codeOf(node.ownership.dismiss(callBy('u0'), groupID, null)),
        codeOf(other.members.quit(callBy('u2'), groupID, '')),
        codeOf(node.settings.mute(callBy('u1'), groupID, true)),
        codeOf(other.ownership.transfer(callBy('u0'), groupID, 'u0', 'u1')),
      ]);
      await checkInvariants(db, `dismissed in round ${round}`);
    }
  });

  await t.test('a profile that changes while its user leaves does not come back into the log', async () => {
    for (let round = 0; round < 10; round++) {
      const groupIDs = [0, 1, 2].map((index) => `profile${round}.${index}`);
      for (const groupID of groupIDs) await create(node, groupID, { ownerUserID: 'u0', memberUserIDs: ['u5'] });
      await Promise.all([
        changeProfile(node, 'u5', `name ${round}`),
        ...groupIDs.map((groupID) => codeOf(other.members.quit(callBy('u5'), groupID, ''))),
      ]);
      await checkInvariants(db, `profile in round ${round}`);
    }
  });

  await t.test(
    '1516: a profile is told once to each group that shows it, with one step each, and to no other, in slices',
    async () => {
      await addUsers(node, ['shown']);
      const showing = ['shows1', 'shows2', 'shows3', 'shows4', 'shows5'];
      for (const groupID of [...showing, 'hides']) {
        await create(node, groupID, { ownerUserID: 'u0', memberUserIDs: ['shown'] });
      }
      const own = { groupID: 'hides', userID: 'shown', role: null, ex: null, nickname: 'own', faceURL: 'own' };
      await node.memberSettings.set(callBy('shown'), [own]);
      const headsBefore = await headsOf(node, [...showing, 'hides']);
      const told = await changeProfile(node, 'shown', 'new name');
      const headsAfter = await headsOf(node, [...showing, 'hides']);
      assert.deepEqual(
        headsAfter.map((version, index) => version - (headsBefore[index] ?? 0)),
        [1, 1, 1, 1, 1, 0],
      );
      assert.deepEqual(
        [...told].map(([conversationID, { groupMemberVersion }]) => [conversationID, groupMemberVersion]),
        showing.map((groupID, index) => [`n_${groupID}`, headsAfter[index]]),
      );
      for (const one of told.values()) {
        assert.partialDeepStrictEqual(one, {
          changedUser: { userID: 'shown', nickname: 'new name' },
          groupSortVersion: 0,
        });
        assert.partialDeepStrictEqual(one, { opUser: { userID: 'shown', roleLevel: 20, nickname: 'new name' } });
      }
    },
  );

  await t.test(
    'limit maxJoinedGroups: of several groups that take a user in at once, no more succeed than there is room',
    async () => {
      const limits = { maxJoinedGroups: 2 };
      const [here, there] = [
        await groupDomainOn(db, () => now++, limits),
        await groupDomainOn(peer, () => now++, limits),
      ];
      const owners = Array.from({ length: 6 }, (_, index) => `owner${index}`);
      await addUsers(node, [...owners, 'wanted']);
      for (const ownerUserID of owners) await create(node, `of_${ownerUserID}`, { ownerUserID });
      const codes = await Promise.all(
        owners.map((ownerUserID, index) => {
          const { members } = index % 2 === 0 ? here : there;
          return codeOf(members.invite(callBy(ownerUserID), `of_${ownerUserID}`, ['wanted'], null));
        }),
      );
      assert.equal(codes.toSorted().join(), '0,0,1001,1001,1001,1001');
      await checkInvariants(db, 'wanted');
    },
  );

  await t.test('8.1: where ten random IDs are taken, there is no group: 90007', async () => {
    let asked = 0;
    const unlucky = node.groupsNamedBy(() => {
      asked++;
      return 'taken';
    });
    const make = () =>
      codeOf(
        unlucky.create(
          callBy('u0'),
          { ...blankGroup, groupID: '', name: '' },
          { ...nobodyElse, ownerUserID: 'u0' },
          null,
        ),
      );
    assert.deepEqual([await make(), asked], [0, 1]);
    assert.deepEqual([await make(), asked], [90007, 11]);
  });

  await t.test(
    '8.4: hundreds whom a member proposes are told to so many admins that the notices have a bound',
    async () => {
      const proposed = Array.from({ length: 600 }, (_, index) => `proposed${index}`);
      await addUsers(node, proposed);
      const adminUserIDs = ['u1', 'u2', 'u3', 'u4', 'u5'];
      await create(node, 'busy', { ownerUserID: 'u0', adminUserIDs, memberUserIDs: ['u6'] });
      await node.settings.set(callBy('u0'), { groupID: 'busy', ...unsetGroup, needVerification: 1 });
      const tellOf = async (users: readonly string[]) => {
        node.told.length = 0;
        await node.members.invite(callBy('u6'), 'busy', users, null);
        return node.told.length;
      };
      // The owner, all admins and who proposes; of six hundred the owner, two admins and who proposes.
      assert.deepEqual([await tellOf(['u0', ...proposed.slice(0, 1)]), await tellOf(proposed)], [7, 2400]);
      await checkInvariants(db, 'proposed');
    },
  );

  if (db.dialect === 'sqlite') return;
  const ways: readonly (readonly [string, (groupID: string) => Promise<void>, (groupID: string) => Promise<void>])[] = [
    ['a user enters', async () => {}, (groupID) => other.members.invite(callBy('u0'), groupID, ['entrant'], null)],
    [
      'a member gives up a name',
      async (groupID) => {
        await node.members.invite(callBy('u0'), groupID, ['entrant'], null);
        const own = { ...unsetMember, groupID, userID: 'entrant', nickname: 'own', faceURL: 'own' };
        await node.memberSettings.set(callBy('entrant'), [own]);
      },
      (groupID) =>
        other.memberSettings.set(callBy('entrant'), [{ ...unsetMember, groupID, userID: 'entrant', nickname: '' }]),
    ],
  ];
  await addUsers(node, ['entrant']);
  for (const [index, [how, before, show]] of ways.entries()) {
    await t.test(`a group in which ${how} while the profile changes shows the new one, or hears of it`, async () => {
      const groupID = `shown_anew${index}`;
      await create(node, groupID, { ownerUserID: 'u0' });
      await before(groupID);
      const showAndRead = async () => {
        await show(groupID);
        const head = await other.versionLog.head('group_members', groupID);
        const [member] = await new SqlGroupMemberStore(peer).find(groupID, ['entrant']);
        return { head, nickname: member?.profile?.nickname };
      };
      const newName = `new ${index}`;
      const { running } = await db.transaction(async (tx) => {
        await node.users.update(tx, 'entrant', { nickname: newName, faceURL: null, ex: null, globalRecvMsgOpt: null });
        await node.profilesInSlicesOf(50).changed(tx, callBy('entrant'), 'entrant');
        return startUntilWaiting(peer, showAndRead);
      });
      const { head, nickname } = await running;
      const { updated } = await node.versionLog.changesSince('group_members', groupID, head);
      assert.deepEqual([nickname, updated], [newName, []]);
    });
  }

  const ends: readonly (readonly [string, (domain: GroupDomain, groupID: string) => Promise<void>])[] = [
    ['a dismissal', ({ ownership }, groupID) => ownership.dismiss(callBy('u0'), groupID, false)],
    ['a kick', ({ members }, groupID) => members.kick(callBy('u0'), groupID, ['u1'], false)],
  ];
  for (const [index, [what, end]] of ends.entries()) {
    await t.test(
      `${what} that the chat does not show lets nothing be stored behind it that was under way`,
      async () => {
        const groupID = `spoken_in${index}`;
        await create(node, groupID, { ownerUserID: 'u0', memberUserIDs: ['u1'] });
        const store = new SqlMessageStore(peer);
        let saying: Promise<readonly Appended[]> | undefined;
        const pausing: UnitOfWork = {
          transaction: (work) =>
            db.transaction(async (tx) => {
              const result = await work(tx);
              saying = (await startUntilWaiting(db, () => store.append([spoken(groupID, 'u1')]))).running;
              return result;
            }),
        };
        const domain = await groupDomainOn(db, () => now++, {}, pausing);
        await end(domain, groupID);
        assert.deepEqual(
          (await saying)?.map(({ isRefused }) => isRefused),
          [true],
        );
      },
    );
  }
}

function spoken(groupID: string, sendID: string): NewMessage {
  const message = newMsgData({ sendID, groupID, sessionType: 3, contentType: 101, clientMsgID: 'under way' });
  return {
    logID: `sg_${groupID}`,
    sendID,
    clientMsgID: message.clientMsgID,
    serverMsgID: message.clientMsgID,
    sentAt: 1,
    hasChosenTime: false,
    acceptedAt: 1,
    sessionType: 3,
    contentType: 101,
    bodyWithoutSeq: MsgData.encode(message).finish(),
    raisesSenderReadSeq: true,
    condition: { groupID, isForMembersOnly: true },
  };
}

const nobodyElse = { adminUserIDs: [], memberUserIDs: [] };

function create(
  domain: GroupDomain,
  groupID: string,
  members: { ownerUserID: string; adminUserIDs?: readonly string[]; memberUserIDs?: readonly string[] },
) {
  const { ownerUserID, adminUserIDs = [], memberUserIDs = [] } = members;
  const asked = { ...blankGroup, groupID, name: groupID };
  return domain.groups.create(callBy(ownerUserID), asked, { ownerUserID, adminUserIDs, memberUserIDs }, null);
}

async function headsOf({ versionLog }: GroupDomain, groupIDs: readonly string[]): Promise<readonly number[]> {
  return Promise.all(groupIDs.map(async (groupID) => (await versionLog.head('group_members', groupID)).version));
}

/** Who is in which group, with role and whether muted, as it is stored. */
async function storedState({ db }: GroupDomain): Promise<ReturnType<GroupModel['state']>> {
  const groups = await db.reader.selectFrom('groups').select(['group_id', 'need_verification', 'status']).execute();
  const rows = await db.reader
    .selectFrom('group_members')
    .select(['group_id', 'user_id', 'role_level', 'muted_until'])
    .execute();
  const rowsOf = Map.groupBy(rows, (row) => row.group_id);
  return Object.fromEntries(
    groups.map((group) => [
      group.group_id,
      {
        verification: group.need_verification,
        isDismissed: group.status === 2,
        members: Object.fromEntries(
          (rowsOf.get(group.group_id) ?? []).map((row) => [
            row.user_id,
            { role: row.role_level, isMuted: row.muted_until > 0 },
          ]),
        ),
      },
    ]),
  );
}
