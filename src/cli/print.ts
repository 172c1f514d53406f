/** What commands print: on standard output, and out before the command ends. */
import { StartError } from '../kernel/start-error.ts';
import { isReaderGone } from '../telemetry/log-output.ts';

/**
 * A reader that has seen enough, as with `tessera token list ... | head`, is no failure.
 * @throws StartError if the text cannot be written, such as onto a full disk
 */
export async function print(text: string): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    process.stdout.write(`${text.trimEnd()}\n`, resolve);
  });
  if (error instanceof Error && !isReaderGone(error)) {
    throw new StartError(`cannot write the output: ${error.message}`, { cause: error });
  }
}
