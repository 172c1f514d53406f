import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { reqIdentifiers } from '../../protocol/numbers/request-identifiers.ts';
import { SharedFrame } from './frame-variant.ts';
import { PushHold } from './push-hold.ts';

const { getReadAndMaxSeqs: newest, pullMessagesBySeqRanges: pull, sendMessage } = reqIdentifiers;
const frame = new SharedFrame(() => assert.fail('nobody is sent it'));
let nowMs = 0;
let pushed = 0;
let hold = new PushHold(
  () => {},
  () => nowMs,
);

function pass(ms: number): void {
  nowMs += ms;
  mock.timers.tick(ms);
}

/** @returns whether it waits */
function push(isEcho = false): boolean {
  return hold.keeps(frame, isEcho);
}

// Hooks of a file are those of every file that shares its process.
describe('what is held back', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    nowMs = 0;
    pushed = 0;
    hold = new PushHold(
      () => (pushed += 1),
      () => nowMs,
    );
  });

  afterEach(() => mock.timers.reset());

  test('nothing waits before the SDK asks for the newest seqs', () => {
    hold.beginRequest(pull);
    hold.beginRequest(sendMessage);
    assert.equal(push(), false);
  });

  test('what is pushed between the newest seqs and the messages that lack follows both', () => {
    hold.beginRequest(newest);
    pass(5000);
    assert.equal(push(), true);
    hold.endRequest(newest);
    pass(999);
    hold.beginRequest(pull);
    pass(5000);
    assert.equal(push(), true);
    hold.endRequest(pull);
    assert.equal(pushed, 0);
    pass(1000);
    assert.equal(pushed, 2);
    assert.equal(push(), false);
  });

  test('an SDK that lacks nothing pulls nothing, and is pushed to after a second', () => {
    hold.beginRequest(newest);
    hold.endRequest(newest);
    hold.beginRequest(sendMessage);
    hold.endRequest(sendMessage);
    assert.equal(push(), true);
    pass(999);
    assert.equal(pushed, 0);
    pass(1);
    assert.equal(pushed, 1);
  });

  test('nobody keeps pushes from himself by asking on, or again', () => {
    hold.beginRequest(newest);
    hold.endRequest(newest);
    push();
    for (let asked = 0; asked < 10; asked += 1) {
      pass(200);
      hold.beginRequest(pull);
      hold.endRequest(pull);
    }
    pass(10);
    assert.equal(pushed, 1);
    hold.beginRequest(newest);
    hold.beginRequest(pull);
    assert.equal(push(), false);
  });

  test('O2 nor does who asks on and on have more kept for him than so many frames, or for longer', () => {
    hold.beginRequest(newest);
    hold.endRequest(newest);
    for (let frames = 0; frames < 1000; frames += 1) assert.equal(pushed, 0, String(push()));
    assert.equal(pushed, 1000);
    pushed = 0;
    hold = new PushHold(
      () => (pushed += 1),
      () => nowMs,
    );
    hold.beginRequest(newest);
    hold.endRequest(newest);
    push();
    for (let asked = 0; asked < 400; asked += 1) {
      pass(2);
      hold.beginRequest(pull);
      pass(4);
      if (asked < 333) hold.endRequest(pull);
    }
    assert.equal(pushed, 1, 'though the last of them are never answered');
  });

  test('the echo of a message waits for 10 ms, and with it what is pushed meanwhile', () => {
    assert.equal(push(true), true);
    pass(9);
    assert.equal(push(), true);
    assert.equal(pushed, 0);
    pass(1);
    assert.equal(pushed, 2);
    assert.equal(push(), false);
  });

  test('an echo does not leave sooner because it follows another one, nor does that wait for it', () => {
    push(true);
    pass(6);
    push(true);
    push();
    pass(4);
    assert.equal(pushed, 1);
    pass(5);
    assert.equal(pushed, 1);
    pass(1);
    assert.equal(pushed, 3);
  });
});
