/** The policy table against an oracle written from the protocol's prose, platform by platform, without our table. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlatformID } from '../protocol/numbers/platforms.ts';
import {
  chooseVictims,
  displacedPlatforms,
  hasRoomFor,
  type LoginPolicy,
  loginPolicy,
  type PolicyName,
  policyGroups,
  policyNames,
} from './policy.ts';

interface Token {
  readonly platformID: PlatformID;
  readonly issueOrder: number;
}

const all: readonly PlatformID[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const classOf: Readonly<Record<PlatformID, string>> = {
  1: 'Mobile',
  2: 'Mobile',
  3: 'PC',
  4: 'PC',
  5: 'Web',
  6: 'MiniWeb',
  7: 'PC',
  8: 'Pad',
  9: 'Pad',
  10: 'Admin',
  11: 'HarmonyOS',
  12: 'Bot',
};
const isPC = (id: PlatformID) => classOf[id] === 'PC';

/** Is this live token ended when one is issued for `requested`? Rest-core.md 5.6, one sentence per policy. */
function isEnded(policy: PolicyName, cap: number, requested: PlatformID, token: Token, live: readonly Token[]) {
  if (requested === 10 || token.platformID === 10) return false;
  const newer = (others: readonly Token[]) => others.filter((other) => other.issueOrder > token.issueOrder).length;
  const onSamePlatform = live.filter((other) => other.platformID === token.platformID);
  const inSameClass = live.filter((other) => classOf[other.platformID] === classOf[token.platformID]);
  const nonPC = live.filter((other) => !isPC(other.platformID) && other.platformID !== 10);
  switch (policy) {
    case 'keep-all': {
      if (cap <= 0) return false;
      const counted = newer(onSamePlatform) + (token.platformID === requested ? 1 : 0);
      return counted >= cap;
    }
    case 'one-per-platform':
      return token.platformID === requested || newer(onSamePlatform) >= 1;
    case 'one-per-class':
      return classOf[token.platformID] === classOf[requested] || newer(inSameClass) >= 1;
    case 'pc-and-one-other': {
      if (isPC(token.platformID)) return false;
      if (!isPC(requested)) return true;
      const androids = nonPC.filter((other) => other.platformID === 2);
      const contenders = androids.length > 0 ? androids : nonPC;
      return token !== contenders.toSorted((a, b) => b.issueOrder - a.issueOrder)[0];
    }
  }
}

/** Live tokens as no policy would leave them, in an order that is neither by platform nor by age. */
function crowd(perPlatform: number): Token[] {
  const count = all.length * perPlatform;
  return Array.from({ length: count }, (_, i) => ({
    platformID: all[(i * 5) % all.length] ?? 1,
    issueOrder: (i * 7) % count,
  }));
}

describe('T3 victims of an issue', () => {
  for (const policy of policyNames) {
    for (const requested of all) {
      test(`${policy}, platform ${requested}: as the protocol says, for crowds and caps of any size`, () => {
        for (const cap of [-1, 0, 1, 2, 3, 30]) {
          for (const live of [crowd(1), crowd(3), crowd(4).filter(({ platformID }) => platformID !== 2), []]) {
            const victims = chooseVictims(policyGroups(loginPolicy(policy, cap), requested), live);

            const expected = live.filter((token) => isEnded(policy, cap, requested, token, live));
            const order = (a: Token, b: Token) => a.issueOrder - b.issueOrder;
            assert.deepEqual(victims.toSorted(order), expected.toSorted(order), `cap ${cap}, ${live.length} live`);
          }
        }
      });
    }
  }

  test('defect 6: a cap of 0 or less is unlimited', () => {
    assert.deepEqual(policyGroups(loginPolicy('keep-all', 0), 1), []);
    assert.deepEqual(policyGroups(loginPolicy('keep-all', -5), 1), []);
  });

  test('pc-and-one-other, PC login: an older Android stays before a newer other device', () => {
    const android: Token = { platformID: 2, issueOrder: 1 };
    const pad: Token = { platformID: 9, issueOrder: 2 };
    assert.deepEqual(chooseVictims(policyGroups(loginPolicy('pc-and-one-other', 30), 3), [android, pad]), [pad]);
  });
});

describe('platforms that a new connection displaces', () => {
  const expected: Readonly<Record<PolicyName, (platform: PlatformID) => readonly PlatformID[]>> = {
    'keep-all': () => [],
    'one-per-platform': (platform) => [platform],
    'one-per-class': (platform) => all.filter((other) => classOf[other] === classOf[platform]),
    'pc-and-one-other': (platform) => (isPC(platform) ? [] : [1, 2, 5, 6, 8, 9, 11, 12]),
  };
  for (const policy of policyNames) {
    test(`${policy}`, () => {
      for (const platform of all) {
        const displaced = displacedPlatforms(loginPolicy(policy, 1), platform);
        assert.deepEqual(displaced, platform === 10 ? [] : expected[policy](platform), `platform ${platform}`);
      }
    });
  }
});

describe('a custom policy', () => {
  /** A browser shares room with PCs and, apart from that, with phones; HarmonyOS is in no room. */
  const custom: LoginPolicy = [
    { platforms: [1, 2], size: 2 },
    { platforms: [3, 4, 7, 5], size: 2 },
    { platforms: [1, 2, 5], size: 3 },
  ];

  test('T3 ends what any of its rooms has no place for, once', () => {
    const live = crowd(4);
    for (const requested of all) {
      const victims = chooseVictims(policyGroups(custom, requested), live);
      assert.equal(new Set(victims).size, victims.length);
      const left = live.filter((token) => !victims.includes(token));
      for (const { platforms, size } of requested === 10 ? [] : custom) {
        const inRoom = left.filter(({ platformID }) => platforms.includes(platformID)).length;
        assert.equal(inRoom <= size - (platforms.includes(requested) ? 1 : 0), true, `${requested} in ${platforms}`);
      }
      const unlimited = live.filter(({ platformID }) => [6, 8, 9, 10, 11].includes(platformID));
      assert.ok(unlimited.every((token) => left.includes(token)));
    }
  });

  test('T3 takes the rooms one after the other: what one has ended takes no place in the next', () => {
    const [phone, older, web] = [
      { platformID: 1, issueOrder: 4 },
      { platformID: 2, issueOrder: 1 },
      { platformID: 5, issueOrder: 2 },
    ] as const;
    // Room 1 ends the older phone; so room 3 has place for the browser.
    assert.deepEqual(chooseVictims(policyGroups(custom, 1), [phone, older, web]), [older]);
    // Where the browser itself has to go, the phones stay.
    const desktops = [
      { platformID: 3, issueOrder: 5 },
      { platformID: 4, issueOrder: 6 },
    ] as const;
    assert.deepEqual(chooseVictims(policyGroups(custom, 11), [phone, older, web, ...desktops]), [web]);
  });

  test('displaces sockets only in rooms for one', () => {
    const rooms: LoginPolicy = [
      { platforms: [1, 2, 11], size: 1 },
      { platforms: [5, 11], size: 1 },
      { platforms: [8, 11], size: 2 },
    ];
    assert.deepEqual(displacedPlatforms(rooms, 11).toSorted(), [1, 11, 2, 5]);
    assert.deepEqual(displacedPlatforms(rooms, 5), [5, 11]);
    assert.deepEqual(displacedPlatforms(rooms, 8), []);
    assert.deepEqual(displacedPlatforms(rooms, 3), []);
  });
});

test('T3 a token that was lost has room where later logins have left any', () => {
  const policy = [{ platforms: [1, 2] as const, size: 2 }];
  const at = (issuedAt: number, platformID: PlatformID = 1, state = 'live') => ({ issuedAt, platformID, state });
  const lost = at(100);
  for (const [others, expected] of [
    [[], true],
    [[at(50), at(60), at(200)], true],
    [[at(200), at(200, 2)], false],
    [[at(200), at(200, 3), at(201, 3)], true],
    [[at(200), at(200, 2, 'revoked')], true],
  ] as const) {
    assert.equal(hasRoomFor(policy, lost, others), expected);
  }
  assert.equal(hasRoomFor(policy, at(100, 3), [at(200, 3)]), true, 'on platforms without a limit');
  assert.equal(hasRoomFor([], at(100, 10), [at(99, 10)]), true);
  assert.equal(hasRoomFor([], at(100, 10), [at(101, 10)]), false, 'of an admin the newest stays');
  const forOne = loginPolicy('one-per-platform', 0);
  assert.equal(hasRoomFor(forOne, lost, [at(200, 1, 'revoked')]), false, 'who came later has ended it, whatever since');
  assert.equal(hasRoomFor(forOne, lost, [at(99, 1, 'revoked'), at(200, 2, 'revoked')]), true);
});
