/** How long any token may live. */

/**
 * No token lives longer, whoever issued it: ten years. OpenIM's setting is in whole days and without a limit; nobody sets
 * more. Cutoffs and traces of tokens are kept for that long.
 */
export const longestTokenLifeMs = 3650 * 86_400_000;
