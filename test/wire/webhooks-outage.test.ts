/** The short form of bench/webhooks.ts: a receiver that fails half of the time, and then no more. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FailingReceiver } from '../../bench/support/failing-receiver.ts';
import { SeededRandom } from '../../bench/support/seeded-random.ts';
import { within } from '../support/within.ts';
import { World } from './world.ts';

test('O1 a receiver that fails half of the time hears all, in order per conversation, and knows repeats by their ID', async (t) => {
  await using receiver = await FailingReceiver.open({ failedShare: 0.5, random: new SeededRandom(7) });
  const directory = await mkdtemp(join(tmpdir(), 'tessera-outage-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'webhooks.yml');
  await writeFile(
    path,
    `url: ${receiver.url}\nafterSendSingleMsg: { enable: true }\nafterMsgSaveDB: { enable: true }\n`,
  );
  await using world = await World.open({ TESSERA_WEBHOOKS_FILE: path });
  for (let n = 1; n <= 5; n += 1) {
    for (const [chat, sendID, recvID] of [
      ['1', 'alice', 'bob'],
      ['2', 'alice', 'carol'],
      ['3', 'bob', 'carol'],
    ]) {
      const content = { content: JSON.stringify({ chat, n }) };
      await world.call('/msg/send_msg', { sendID, recvID, sessionType: 1, contentType: 101, content });
    }
  }
  receiver.isFailing = false;
  await within('all hooks', receiver.taken(30), 20_000);
  const { delivered, disordered, renamed, failed } = receiver;
  assert.deepEqual({ delivered, disordered, renamed }, { delivered: 30, disordered: 0, renamed: 0 });
  assert.ok(failed > 0);
});
