/** What an endpoint answers: in one piece, or a long list in slices of time. With a clock that only this test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Wire } from '../protocol/wire/wire-schema.ts';
import { compileBinding } from './binding.ts';
import { endpoint } from './endpoint.ts';

const { encode } = compileBinding(
  endpoint({
    path: '/list',
    summary: 'A list',
    access: 'anyone',
    example: {},
    request: Wire.object({}),
    response: Wire.object({ names: Wire.list(Wire.string()) }),
    handle: async () => ({ names: [] }),
  }),
)(undefined);

test('O1 a long list is written in slices, between which others have their turn', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now++);
  const names = Array.from({ length: 30_000 }, (_, index) => `name ${index}`);
  let turns = 0;
  const count = () => {
    turns++;
    again = setImmediate(count);
  };
  let again = setImmediate(count);
  const bytes = await encode({ names });
  clearImmediate(again);
  assert.equal(String(bytes), JSON.stringify({ names }));
  assert.ok(turns > 1000, `${turns} turns`);
});

test('a short one is there at once', () => {
  assert.equal(encode({ names: ['a'] }), '{"names":["a"]}');
});
