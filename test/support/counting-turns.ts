/** How often others had their turn: what is long has to be cut in pieces (O1). */

/** @returns the result of `work`, and how many turns of the event loop it took */
export async function countingTurns<Result>(work: () => Promise<Result>): Promise<[result: Result, turns: number]> {
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  try {
    return [await work(), turns];
  } finally {
    clearImmediate(next);
  }
}
