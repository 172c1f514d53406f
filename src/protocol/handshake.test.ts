/** Handshake queries against samples of the wire. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ProtocolError } from './errors.ts';
import { type HandshakeParams, parseHandshake, wantsMessageReply } from './handshake.ts';

interface Valid {
  readonly name: string;
  readonly compressionHeader?: string;
  readonly params: HandshakeParams;
}

interface Samples {
  readonly valid: (Valid & { readonly query: string })[];
  readonly validPacked: (Valid & { readonly packed: unknown })[];
  readonly invalid: {
    readonly name: string;
    readonly query: string;
    readonly errCode: number;
    readonly errDlt: string;
  }[];
}

const samples: Samples = JSON.parse(
  readFileSync(new URL('../../test/fixtures/wire/handshake-queries.json', import.meta.url), 'utf8'),
);

const pack = (value: unknown): string => `v=${Buffer.from(JSON.stringify(value)).toString('base64url')}`;

describe('handshake', () => {
  const valid = [...samples.valid, ...samples.validPacked.map((sample) => ({ ...sample, query: pack(sample.packed) }))];
  for (const { name, query, compressionHeader, params } of valid) {
    test(name, () => {
      assert.deepEqual(parseHandshake(query, compressionHeader), params);
      assert.equal(wantsMessageReply(query), params.wantsReply);
    });
  }

  for (const { name, query, errCode, errDlt } of samples.invalid) {
    test(`O1: ${errCode} ${errDlt}: ${name}`, () => {
      assert.throws(
        () => parseHandshake(query),
        (error) => error instanceof ProtocolError && error.code === errCode && error.detail === errDlt,
      );
    });
  }

  test('every bool literal of the protocol, and no other', () => {
    const read = (literal: string): boolean =>
      parseHandshake(`platformID=1&sendID=u&token=t&operationID=o&isBackground=${literal}`).isBackground;
    for (const literal of ['1', 't', 'T', 'TRUE', 'true', 'True']) assert.equal(read(literal), true, literal);
    for (const literal of ['0', 'f', 'F', 'FALSE', 'false', 'False']) assert.equal(read(literal), false, literal);
    for (const literal of ['', '2', 'yes', 'truE', ' true', 'true%00'])
      assert.throws(() => read(literal), ProtocolError);
  });

  test('the wish for a text reply is heard even when the rest is wrong', () => {
    assert.equal(wantsMessageReply('isMsgResp=true'), true);
    assert.equal(wantsMessageReply('platformID=x&isMsgResp=1&isBackground='), true);
    assert.equal(wantsMessageReply(pack({ sendResponse: true, platformID: 99 })), true);
    for (const query of ['', 'isMsgResp=maybe', 'isMsgResp=', 'v=%%%', 'v=e30&isMsgResp=true', 'isMsgResp=false']) {
      assert.equal(wantsMessageReply(query), false, query);
    }
  });

  test('T6: no detail repeats what the client sent', () => {
    for (const query of [
      'platformID=SECRET',
      'platformID=1&isMsgResp=SECRET',
      'v=SECRET=',
      pack({ token: ['SECRET'] }),
    ]) {
      assert.throws(
        () => parseHandshake(query),
        (error) => error instanceof ProtocolError && !error.message.includes('SECRET'),
      );
    }
  });
});
