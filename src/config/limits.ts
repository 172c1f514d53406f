/**
 * Every bound on what a client may send, store, hold open or make us hold: each a setting like any other, each in the
 * table of docs/limits.md, each held by a test at its edge and one beyond whose titles begin with `limit <key>:`.
 */
import { widestBounds } from '../protocol/bounds.ts';
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
  maxIdBytes: limit('An ID of any kind in a request, in UTF-8, and a key of a map.', widestBounds.maxIdBytes, {
    unit: 'bytes',
    beyond: '1001',
    minimum: 64,
    maximum: widestBounds.maxIdBytes,
  }),
  maxListItems: limit('Elements of one list or object of a request.', widestBounds.maxListItems, {
    unit: 'items',
    beyond: '1001',
    minimum: 100,
    maximum: widestBounds.maxListItems,
  }),
} as const;
