/** The command lines of the programs in bench/. */
import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Config<Named extends Options> = { readonly options: Named; readonly allowPositionals: true };

/**
 * What was asked for. `--help` shows the comment at the head of the program, which says what it is for and how to call it,
 * and ends it; so does a line about what the program does not know, with 1.
 * @param file the program's own
 * @param most how many words may stand beside the options
 */
export function readCommandLine<const Named extends Options>(
  file: string,
  options: Named,
  most = 0,
): ReturnType<typeof parseArgs<Config<Named>>> {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(headOf(file));
    process.exit();
  }
  try {
    const line = parseArgs<Config<Named>>({ options, allowPositionals: true });
    if (line.positionals.length > most) throw new Error(`Unexpected argument '${line.positionals[most]}'`);
    return line;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message.split('. ')[0] : error}; --help shows how to call it`);
    process.exit(1);
  }
}

function headOf(file: string): string {
  const [, comment = ''] = /^\/\*\*\n(.*?)\n \*\//s.exec(readFileSync(file, 'utf8')) ?? [];
  return comment.replace(/^ \* ?/gm, '');
}
