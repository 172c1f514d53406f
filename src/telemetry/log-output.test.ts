import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { LogOutput } from './log-output.ts';

/** A stream whose reader takes one chunk each time that it is told to. */
function slowStream() {
  const taken: string[] = [];
  let next: ((error?: Error) => void) | undefined;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      taken.push(String(chunk));
      next = done;
    },
  });
  stream.on('error', () => {});
  return { stream, taken, read: (error?: Error) => next?.(error) };
}

test('O1 lines that nobody reads are dropped beyond a bound, and counted when there is room again', async () => {
  const { stream, taken, read } = slowStream();
  const output = new LogOutput(stream, 10);
  output.onRoom = (dropped) => output.write(`dropped ${dropped}`);
  for (let count = 0; count < 1000; count++) output.write(`line ${String(count).padStart(3, '0')}`);
  assert.ok(stream.writableLength <= 20, `${stream.writableLength} characters wait`);

  while (stream.writableLength > 0) {
    read();
    await null;
  }
  output.write('later');
  while (stream.writableLength > 0) {
    read();
    await null;
  }

  assert.deepEqual(taken, ['line 000', 'line 001', 'dropped 998', 'later']);
});

test('O1 a reader that has gone is written to no more', async () => {
  const { stream, taken, read } = slowStream();
  const output = new LogOutput(stream);
  output.write('first');
  read(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await new Promise(setImmediate);
  output.write('second');
  assert.deepEqual(taken, ['first']);
});
