/** Which operation the running code serves, so that every log line of a request carries its operationID. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** One per application. Only the logger reads it; domain code passes the operationID explicitly. */
export class OperationScope {
  readonly #storage = new AsyncLocalStorage<string>();

  run<T>(operationID: string, work: () => T): T {
    return this.#storage.run(shortened(operationID), work);
  }

  current(): string | undefined {
    return this.#storage.getStore();
  }
}

/** What log lines say of an operationID, which a client may make as long as a frame. */
function shortened(operationID: string): string {
  return operationID.length > 128 ? `${operationID.slice(0, 125)}...` : operationID;
}
