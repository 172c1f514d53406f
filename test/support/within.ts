/** Every wait of a test has a limit and a name: what does not come is named instead of holding up the run. */

/** Kept from before a test puts a fake clock in its place. */
const { setTimeout, clearTimeout } = globalThis;

/** Far longer than anything takes on a busy machine, and shorter than the runner's own limit for a file. */
const defaultLimitMs = 60_000;

/**
 * What `awaited` resolves with.
 * @param name of what is waited for, as it would stand after "waited for"
 * @throws Error with the name, after the limit
 */
export async function within<T>(name: string, awaited: Promise<T>, limitMs = defaultLimitMs): Promise<T> {
  const { promise: never, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`waited ${limitMs / 1000} s for ${name}`)), limitMs);
  timer.unref();
  try {
    return await Promise.race([awaited, never]);
  } finally {
    clearTimeout(timer);
  }
}
