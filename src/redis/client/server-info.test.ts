import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInfo } from './server-info.ts';

test('sections are asked for one by one, and their fields put together', async () => {
  const answers: Readonly<Record<string, string>> = {
    server: '# Server\r\nrun_id:abc\r\nexecutable:C:\\redis\r\n',
    stats: '# Stats\r\nevicted_keys:3\r\n\r\n',
  };
  const asked: (readonly string[])[] = [];
  const ask = async (args: readonly string[]) => {
    asked.push(args);
    return answers[args[1] ?? ''];
  };
  assert.deepEqual(
    [...(await readInfo(ask, ['server', 'stats']))],
    [
      ['run_id', 'abc'],
      ['executable', 'C:\\redis'],
      ['evicted_keys', '3'],
    ],
  );
  assert.deepEqual(asked, [
    ['INFO', 'server'],
    ['INFO', 'stats'],
  ]);
});
