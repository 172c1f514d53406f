import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientNetwork } from './client-network.ts';

const cases: Readonly<Record<string, string>> = {
  '192.0.2.1': '192.0.2.1',
  '::ffff:192.0.2.1': '192.0.2.1',
  '::ffff:c000:0201': '192.0.2.1',
  '0:0:0:0:0:FFFF:192.0.2.1': '192.0.2.1',
  '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
  '2001:DB8:1:2::': '2001:db8:1:2::/64',
  '2001:0db8:0001:0002::9': '2001:db8:1:2::/64',
  '2001:db8::1': '2001:db8:0:0::/64',
  '2001:db8:0:0:ffff::192.0.2.1': '2001:db8:0:0::/64',
  '::1': '0:0:0:0::/64',
  '::': '0:0:0:0::/64',
  'fe80::1%eth0': 'fe80:0:0:0::/64',
  unknown: 'unknown',
  '': '',
  '192.0.2.1:4711': '192.0.2.1',
  '[2001:db8:1:2::3]:4711': '2001:db8:1:2::/64',
  '[2001:db8:1:2::3]': '2001:db8:1:2::/64',
  '[unknown]:1': '[unknown]:1',
  '1:2:3:4:5:6:7:8:9': '1:2:3:4:5:6:7:8:9',
};
for (const [address, network] of Object.entries(cases)) {
  test(`'${address}' is of ${network}`, () => assert.equal(clientNetwork(address), network));
}

test('O2 what is no address is remembered by its beginning', () => {
  assert.equal(clientNetwork('x'.repeat(10_000)).length, 64);
});
