import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupMember } from './group.ts';
import { memberPieces } from './member-pieces.ts';

test('pieces have at most 50 members, and all of them in order', () => {
  const pieces = [...memberPieces(members(120, ''))];
  assert.deepEqual(
    pieces.map(({ length }) => length),
    [50, 50, 20],
  );
  assert.deepEqual(
    pieces.flat().map(({ userID }) => userID),
    members(120, '').map(({ userID }) => userID),
  );
  assert.deepEqual([...memberPieces([])], []);
});

test('a piece stays far below a frame as it is written, whatever its members have for texts', () => {
  // Each of these takes four bytes in JSON in JSON.
  const pieces = [...memberPieces(members(60, '"'.repeat(8192)))];
  assert.equal(pieces.flat().length, 60);
  for (const piece of pieces) {
    assert.ok(Buffer.byteLength(JSON.stringify(JSON.stringify(piece))) < 192 * 1024);
  }
});

test('one member that is too large for a piece is a piece of its own', () => {
  const pieces = [...memberPieces(members(3, '"'.repeat(100_000)))];
  assert.deepEqual(
    pieces.map(({ length }) => length),
    [1, 1, 1],
  );
});

function members(count: number, ex: string): readonly GroupMember[] {
  return Array.from({ length: count }, (_, index) => ({
    groupID: 'g',
    userID: `u${index}`,
    role: 20,
    nickname: '',
    faceURL: '',
    ex,
    joinedAt: 1,
    joinSource: 2,
    operatorUserID: '',
    inviterUserID: '',
    mutedUntil: 0,
    profile: { nickname: 'n', faceURL: '' },
  }));
}
