/** Whose address a request comes from, with and without proxies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddressOf } from './peer.ts';

const addressOf = createAddressOf(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']);

for (const [what, peer, forwarded, expected] of [
  ['the peer, without a proxy', '198.51.100.7', undefined, '198.51.100.7'],
  ['unknown behind a proxy that is not trusted', '198.51.100.7', '203.0.113.5', undefined],
  ['what a trusted proxy says', '10.1.2.3', '203.0.113.5', '203.0.113.5'],
  ['what a trusted proxy over IPv6 says', 'fd00::1', '2001:db8::1', '2001:db8::1'],
  ['what the first of several trusted proxies says', '10.1.2.3', '203.0.113.5, 192.0.2.1', '203.0.113.5'],
  ['nothing that the client made up', '10.1.2.3', '1.1.1.1, 203.0.113.5', '203.0.113.5'],
  ['unknown if there is nobody but proxies', '10.1.2.3', '10.0.0.1', undefined],
] as const) {
  test(`an address is ${what}`, () => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    assert.equal(addressOf({ headers, socket: { remoteAddress: peer } as never }), expected);
  });
}
