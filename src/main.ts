/** The process of the `tessera` program. */
import { runProgram } from './cli/program.ts';

// A reader that goes away ends no work. What has to know of it waits for its writes: the log, and print.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.exitCode = await runProgram(process.argv.slice(2));
