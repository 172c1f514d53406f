/** The program `tessera`, to be started with Node. */
const launcher = new URL('../../bin/tessera.js', import.meta.url).pathname;

/** Arguments of Node. Its modules come from where those of this process do: see `scripts/packed-modules.ts`. */
export const program: readonly string[] = [
  ...process.execArgv.filter((option) => option.endsWith('/packed-modules.ts')),
  launcher,
];
