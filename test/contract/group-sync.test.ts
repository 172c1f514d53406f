/**
 * Random changes of groups by several users: a client that applies what has changed knows in the end what one reads that
 * begins anew (state, order and hash), whatever it has missed, and whether or not it asked while things changed.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { within } from '../support/within.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';
import { GroupClient } from './support/group-client.ts';
import { addUsers, callBy, type GroupDomain, groupDomainOn } from './support/group-domain.ts';
import { randomOperation } from './support/group-operations.ts';
import { runOperation, unsetGroup } from './support/run-group-operation.ts';
import { seededRandom } from './support/token-nodes.ts';

const people = Array.from({ length: 6 }, (_, index) => `u${index}`);
const everybody = [...people, 'root'];
const names = ['b', 'a', 'B', 'ä', 'b', '<&>'];

testOnEveryDatabase('Incremental sync of groups', groupSyncSuite);

async function groupSyncSuite(t: TestContext, { db, peer }: Databases) {
  let now = 1_700_000_000_000;
  const node = await groupDomainOn(db, () => now++);
  const other = await groupDomainOn(peer, () => now++);
  await addUsers(node, everybody);
  /** Each user with a client that forgets what it leaves, and one that does not. */
  const newClients = () => people.flatMap((userID) => [new GroupClient(userID, false), new GroupClient(userID, true)]);

  // One after the other the engines take the same steps, and SQLite has one writer at a time: each has seeds of its own.
  for (const seed of [db.dialect === 'sqlite' ? 1 : 2]) {
    await t.test(`one change after the other, as seed ${seed} has it`, async () => {
      const random = seededRandom(seed);
      const clients = newClients();
      for (let step = 0; step < 100; step++) {
        const operation = randomOperation(random, everybody, `s${seed}`, step);
        await runOperation(step % 2 === 0 ? node : other, operation);
        if (random(8) === 0) await renameGroup(node, operation.groupID, names[random(names.length)] ?? '');
        for (const client of clients.filter(() => random(12) === 0)) {
          await client.sync(random(2) === 0 ? node : other);
          await client.check(node, `seed ${seed}, step ${step}: ${JSON.stringify(operation)}`);
        }
      }
      await endAsOneThatBeginsAnew(clients, node, `seed ${seed}`);
    });
  }

  for (const seed of db.dialect === 'sqlite' ? [11] : [12, 13]) {
    await t.test(`while eight things change at once, as seed ${seed} has them`, async () => {
      const random = seededRandom(seed);
      const clients = newClients();
      for (let round = 0; round < 15; round++) {
        const changing = Array.from({ length: 8 }, (_, index) =>
          runOperation(
            index % 2 === 0 ? node : other,
            randomOperation(random, everybody, `c${seed}`, round * 8 + index),
          ),
        );
        const asking = clients.filter(() => random(3) === 0).map((client) => client.sync(other));
        await within('changes and syncs at once', Promise.all([...changing, ...asking]));
      }
      await endAsOneThatBeginsAnew(clients, node, `seed ${seed}`);
    });
  }
}

async function endAsOneThatBeginsAnew(clients: readonly GroupClient[], node: GroupDomain, hint: string) {
  for (const client of clients) {
    await client.sync(node);
    await client.check(node, `in the end, ${hint}`);
  }
  const told = { full: 0, deltas: 0 };
  for (const client of clients) {
    told.full += client.told.full;
    told.deltas += client.told.deltas;
  }
  assert.ok(told.full > 20 && told.deltas > 20, `something of both: ${JSON.stringify(told)}`);
}

async function renameGroup({ settings }: GroupDomain, groupID: string, name: string): Promise<void> {
  const call = callBy('root', { isAdmin: true });
  // A group that is not there, or not any more, has no name.
  await settings.set(call, { groupID, ...unsetGroup, needVerification: null, name }).catch(() => {});
}
