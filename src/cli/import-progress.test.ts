/** What an import says while it runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addTo, emptyReport } from '../redis/openim-import-report.ts';
import { ImportProgress } from './import-progress.ts';

function openProgress({ isTTY, keys }: { isTTY: boolean; keys: number }) {
  const report = emptyReport();
  addTo(report, 'converted', 500);
  const clock = { now: 1000 };
  const written: string[] = [];
  const master = { address: 'a:1', command: async () => keys, scan: async function* () {} };
  const progress = new ImportProgress({
    redis: { masters: async () => [master, master] },
    report,
    output: { isTTY, write: (text) => written.push(text) },
    now: () => clock.now,
  });
  return { progress, report, clock, written };
}

test('a log gets a line every ten seconds: how many, how fast in this run, how long yet', async () => {
  const { progress, report, clock, written } = openProgress({ isTTY: false, keys: 20_000 });
  addTo(report, 'converted', 9500);
  addTo(report, 'expired', 500);
  clock.now += 9999;
  await progress.show(10_000);
  clock.now += 1;
  await progress.show(10_000);
  clock.now += 9999;
  await progress.show(20_000);
  progress.end();
  assert.deepEqual(written, ['10,500 tokens, 1,000/s, about 30 s left\n']);
});

test('a terminal has one line, which is gone at the end', async () => {
  const { progress, clock, written } = openProgress({ isTTY: true, keys: 100_000 });
  for (let i = 0; i < 2; i++) {
    clock.now += 500;
    await progress.show(1000);
  }
  progress.end();
  const texts = ['500 tokens, 0/s, about 100 s left', '500 tokens, 0/s, about 4 min left', ''];
  assert.deepEqual(
    written,
    texts.map((text) => `\r\x1b[K${text}`),
  );
});

test('when more has been looked at than there is, nothing is said about the time', async () => {
  const { progress, clock, written } = openProgress({ isTTY: false, keys: 100 });
  clock.now += 10_000;
  await progress.show(1000);
  assert.deepEqual(written, ['500 tokens, 0/s\n']);
});
