/**
 * Every bound on what a client may send, store, hold open or make us hold: each a setting like any other, each in the
 * table of docs/limits.md, each held by a test at its edge and one beyond whose titles begin with `limit <key>:`.
 */
import type { IntegerOption } from './options.ts';

/** A limit among the options. */
export interface LimitOption extends IntegerOption {
  readonly minimum: number;
  readonly unit: 'bytes' | 'characters' | 'items' | 'ms' | 's';
  /** What happens beyond it: an error code, a close code, or in words. */
  readonly beyond: string;
}

const limit = (
  description: string,
  byDefault: number,
  { unit, beyond, minimum = 1, maximum = Number.MAX_SAFE_INTEGER }: LimitTraits,
): LimitOption => ({ kind: 'integer', default: byDefault, minimum, maximum, unit, beyond, description });

interface LimitTraits extends Pick<LimitOption, 'unit' | 'beyond'> {
  readonly minimum?: number;
  readonly maximum?: number;
}

export const limits = {
  maxConnections: limit('Open sockets of the gateway, those in their handshake included.', 100_000, {
    unit: 'items',
    beyond: '1601',
  }),
} as const;
