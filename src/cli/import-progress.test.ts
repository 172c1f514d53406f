/** What an import says while it runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addTo, emptyReport, tokensIn } from '../redis/openim/openim-import-report.ts';
import { ImportProgress } from './import-progress.ts';

function openProgress({ isTTY }: { isTTY: boolean }) {
  const report = emptyReport();
  addTo(report, 'converted', 500);
  const clock = { now: 1000 };
  const written: string[] = [];
  const progress = new ImportProgress({
    ...{ count: () => tokensIn(report), noun: 'tokens' },
    output: { isTTY, write: (text) => written.push(text) },
    now: () => clock.now,
  });
  return { progress, report, clock, written };
}

test('a log gets a line every ten seconds: how many, how fast in this run, how long yet', () => {
  const { progress, report, clock, written } = openProgress({ isTTY: false });
  progress.show(0);
  addTo(report, 'converted', 9500);
  addTo(report, 'expired', 500);
  clock.now += 9999;
  progress.show(0.25);
  clock.now += 1;
  progress.show(0.25);
  clock.now += 9999;
  progress.show(0.5);
  progress.end();
  assert.deepEqual(written, ['10,500 tokens, 1,000/s, about 30 s left\n']);
});

test('a terminal has one line, which is gone at the end', () => {
  const { progress, clock, written } = openProgress({ isTTY: true });
  progress.show(0);
  for (const done of [0.01, 0.003]) {
    clock.now += 500;
    progress.show(done);
  }
  progress.end();
  const texts = ['500 tokens, 0/s, about 50 s left', '500 tokens, 0/s, about 6 min left', ''];
  assert.deepEqual(
    written,
    texts.map((text) => `\r\x1b[K${text}`),
  );
});

test('a resumed import reckons with what it has done itself', () => {
  const { progress, clock, written } = openProgress({ isTTY: false });
  progress.show(0.5);
  clock.now += 10_000;
  progress.show(0.75);
  assert.deepEqual(written, ['500 tokens, 0/s, about 10 s left\n']);
});

test('where nothing is known yet, nothing is said about the time', () => {
  const { progress, clock, written } = openProgress({ isTTY: false });
  clock.now += 10_000;
  progress.show(0);
  assert.deepEqual(written, ['500 tokens, 0/s\n']);
});
