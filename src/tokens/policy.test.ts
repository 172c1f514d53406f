/** The policy table against an oracle written from the protocol's prose, platform by platform, without our table. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlatformID } from '../protocol/constants.ts';
import { chooseVictims, displacedPlatforms, type LoginPolicy, policyGroups } from './policy.ts';

interface Token {
  readonly platformID: PlatformID;
  readonly issueOrder: number;
}

const policies: readonly LoginPolicy[] = [0, 1, 4, 5];
const all: readonly PlatformID[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
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
};
const isPC = (id: PlatformID) => classOf[id] === 'PC';

/** Is this live token ended when one is issued for `requested`? Rest-core.md 5.6, one sentence per policy. */
function isEnded(policy: LoginPolicy, cap: number, requested: PlatformID, token: Token, live: readonly Token[]) {
  if (requested === 10 || token.platformID === 10) return false;
  const newer = (others: readonly Token[]) => others.filter((other) => other.issueOrder > token.issueOrder).length;
  const onSamePlatform = live.filter((other) => other.platformID === token.platformID);
  const inSameClass = live.filter((other) => classOf[other.platformID] === classOf[token.platformID]);
  const nonPC = live.filter((other) => !isPC(other.platformID) && other.platformID !== 10);
  switch (policy) {
    case 0: {
      if (cap <= 0) return false;
      const counted = newer(onSamePlatform) + (token.platformID === requested ? 1 : 0);
      return counted >= cap;
    }
    case 1:
      return token.platformID === requested || newer(onSamePlatform) >= 1;
    case 4:
      return classOf[token.platformID] === classOf[requested] || newer(inSameClass) >= 1;
    case 5: {
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
  for (const policy of policies) {
    for (const requested of all) {
      test(`policy ${policy}, platform ${requested}: as the protocol says, for crowds and caps of any size`, () => {
        for (const cap of [-1, 0, 1, 2, 3, 30]) {
          for (const live of [crowd(1), crowd(3), crowd(4).filter(({ platformID }) => platformID !== 2), []]) {
            const victims = chooseVictims(policyGroups(policy, cap, requested), live);

            const expected = live.filter((token) => isEnded(policy, cap, requested, token, live));
            const order = (a: Token, b: Token) => a.issueOrder - b.issueOrder;
            assert.deepEqual(victims.toSorted(order), expected.toSorted(order), `cap ${cap}, ${live.length} live`);
          }
        }
      });
    }
  }

  test('defect 6: a cap of 0 or less is unlimited', () => {
    assert.deepEqual(policyGroups(0, 0, 1), []);
    assert.deepEqual(policyGroups(0, -5, 1), []);
  });

  test('policy 5, PC login: an older Android stays before a newer other device', () => {
    const android: Token = { platformID: 2, issueOrder: 1 };
    const pad: Token = { platformID: 9, issueOrder: 2 };
    assert.deepEqual(chooseVictims(policyGroups(5, 30, 3), [android, pad]), [pad]);
  });
});

describe('platforms that a new connection displaces', () => {
  const expected: Readonly<Record<LoginPolicy, (platform: PlatformID) => readonly PlatformID[]>> = {
    0: () => [],
    1: (platform) => [platform],
    4: (platform) => all.filter((other) => classOf[other] === classOf[platform]),
    5: (platform) => (isPC(platform) ? [] : [1, 2, 5, 6, 8, 9, 11]),
  };
  for (const policy of policies) {
    test(`policy ${policy}`, () => {
      for (const platform of all) {
        const displaced = displacedPlatforms(policy, platform);
        assert.deepEqual(displaced, platform === 10 ? [] : expected[policy](platform), `platform ${platform}`);
      }
    });
  }
});
