/** The server cannot start for a reason that its operator can mend; the message names the setting. */
export class StartError extends Error {
  override name = 'StartError';
}

/** Waits for something to open. @throws StartError that begins with `what`; others of its kind pass as they are */
export async function opening<T>(what: string, opened: Promise<T>): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`${what}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Node wraps the attempts at several addresses into an error without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${reasonOf(error.cause)}` : error.message;
}
