/** The error table and what of an error reaches a client. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorEnvelope, successEnvelope } from './envelope.ts';
import { errors, errorTable, ProtocolError } from './errors.ts';

describe('errors', () => {
  test('codes are unique', () => {
    const codes = Object.values(errorTable).map((kind) => kind.code);
    assert.equal(new Set(codes).size, codes.length);
  });

  test('a factory makes its row of the table', () => {
    const error = errors.args('userID is empty');
    assert.ok(error instanceof ProtocolError);
    assert.deepEqual(
      { code: error.code, errMsg: error.errMsg, detail: error.detail, retryable: error.retryable },
      { code: 1001, errMsg: 'ArgsError', detail: 'userID is empty', retryable: false },
    );
    assert.equal(error.message, 'ArgsError: userID is empty');
  });

  test('a detail is optional', () => {
    assert.equal(errors.recordNotFound().detail, '');
    assert.equal(errors.recordNotFound().message, 'RecordNotFoundError');
  });

  test('T5: only facts about a token have a 15xx, and none of them asks for a retry', () => {
    const names = Object.entries(errorTable).filter(([, kind]) => kind.code >= 1500 && kind.code < 1600);
    assert.ok(names.every(([name, kind]) => name.startsWith('token') && !kind.retryable));
    assert.equal(names.length, 7);
  });

  test("a webhook's own code passes through", () => {
    const error = new ProtocolError({ code: 4711, errMsg: 'Custom', retryable: false }, 'why');
    assert.equal(errorEnvelope(error), '{"errCode":4711,"errMsg":"Custom","errDlt":"why"}');
  });

  test('a detail is cut below 200 characters, and never in the middle of one', () => {
    assert.equal(errors.args('x'.repeat(199)).detail, 'x'.repeat(199));
    assert.equal(errors.args('x'.repeat(200)).detail, `${'x'.repeat(196)}...`);
    assert.ok(errors.args('😀'.repeat(500)).detail.isWellFormed());
  });

  test('T6: a token never stays in a detail', () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJVc2VySUQiOiJ1MSJ9.c2lnbmF0dXJl-_x';
    const error = errors.tokenInvalid(`token ${token} does not fit (${token})`);
    assert.equal(error.detail, 'token [token] does not fit ([token])');
    assert.ok(!error.message.includes('eyJ'));
  });

  test('T6: nor half a token that was cut off, wherever the cut falls', () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJVc2VySUQiOiJ1MSJ9.c2lnbmF0dXJl-_x';
    for (let before = 0; before < 1000; before++) {
      assert.ok(!errors.args(`${' '.repeat(before)}${token.repeat(9)}`).detail.includes('eyJ'));
    }
  });

  test('a detail cannot break a log line', () => {
    assert.equal(errors.args('a\r\nb\u0000c\u0085d').detail, 'a  b c d');
  });

  test('the worst handshake error stays below the 1024 bytes that native clients read', () => {
    for (const filler of ['"', '\\', '用', '\u0000', '\ud800']) {
      const body = errorEnvelope(errors.handshakeArgs(filler.repeat(5000)));
      assert.ok(Buffer.byteLength(body) < 1024, JSON.stringify(filler));
    }
  });
});

describe('envelopes', () => {
  test('success without data has no key data', () => {
    assert.equal(successEnvelope(), '{"errCode":0,"errMsg":"","errDlt":""}');
  });

  test('success carries its data as it is', () => {
    assert.equal(successEnvelope('{"total":0}'), '{"errCode":0,"errMsg":"","errDlt":"","data":{"total":0}}');
    assert.equal(successEnvelope('null'), '{"errCode":0,"errMsg":"","errDlt":"","data":null}');
  });

  test('an error has its three keys in order and no data', () => {
    assert.equal(
      errorEnvelope(errors.noPermission('say "no"')),
      '{"errCode":1002,"errMsg":"NoPermissionError","errDlt":"say \\"no\\""}',
    );
  });
});
