/** Lists of any length, read piece by piece and no further than what one answer may hold. */
import { errors } from '../protocol/errors.ts';
import { giveWay } from './time-slices.ts';

/** The texts of one answer, in bytes of UTF-8. */
export class AnswerBudget {
  #left: number;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** @param parts objects whose texts go into the answer. @throws 1001 they do not fit */
  take(...parts: readonly (object | undefined)[]): void {
    if (!this.takes(...parts)) throw errors.args('the answer is too large: ask for fewer');
  }

  /** {@link take}, for an answer that may leave out the rest. @returns false if they do not fit */
  takes(...parts: readonly (object | undefined)[]): boolean {
    for (const part of parts) {
      for (const value of Object.values(part ?? {}))
        if (typeof value === 'string') this.#left -= Buffer.byteLength(value);
    }
    return this.#left >= 0;
  }
}

/**
 * The rows of a page, read some hundreds at once; in between others have their turn.
 * @param total rows there are: beyond them nothing is read
 * @param count how many are wanted; none if it is below 1
 */
export async function readPieces<Item>(
  total: number,
  offset: number,
  count: number,
  read: (offset: number, limit: number) => Promise<readonly Item[]>,
): Promise<Item[]> {
  const items: Item[] = [];
  const end = Math.min(offset + count, total);
  for (let start = offset; start < end; start += rowsPerPiece) {
    if (start > offset) await giveWay();
    items.push(...(await read(start, Math.min(rowsPerPiece, end - start))));
  }
  return items;
}

const rowsPerPiece = 250;
