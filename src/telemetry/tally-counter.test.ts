import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { TallyCounter } from './tally-counter.ts';

test('whoever looks sees what has been counted so far, once', async () => {
  const registry = new Registry();
  const two = new TallyCounter({ name: 'two', help: 'h', labelNames: ['code', 'cache'], registers: [registry] });
  const one = new TallyCounter({ name: 'one', help: 'h', labelNames: ['platform'], registers: [registry] });
  two.inc({ code: 0, cache: 'hit' }, 0);
  for (const look of [1, 2]) {
    two.tally(0, 'hit');
    two.tally(1506, 'miss', 2);
    one.tally('IOS');
    const text = await registry.metrics();
    assert.match(text, new RegExp(`^two\\{code="0",cache="hit"\\} ${look}$`, 'm'));
    assert.match(text, new RegExp(`^two\\{code="1506",cache="miss"\\} ${2 * look}$`, 'm'));
    assert.match(text, new RegExp(`^one\\{platform="IOS"\\} ${look}$`, 'm'));
  }
});
