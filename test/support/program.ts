/** The program `tessera`, to be started with Node. */
const launcher = new URL('../../bin/tessera.js', import.meta.url).pathname;

/** Arguments of Node. Its modules come from where those of this process do: see `scripts/packed-modules.ts`. */
export const program: readonly string[] = [
  ...process.execArgv.filter((option) => option.endsWith('/packed-modules.ts')),
  // As `npm start` has it.
  '--use-largepages=silent',
  launcher,
];

/** For its environment: what is loaded before it switches that on by itself is compiled once as well. */
export const compileCache: Readonly<Record<string, string>> =
  process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };
