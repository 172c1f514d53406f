/** Refusals that are about the moment and not about the request. Protocol: rest-core.md 1.6. */
import { errorTable, ProtocolError } from '../protocol/errors.ts';

/** HTTP 429 with error 429, and `Retry-After`: the time after which trying again is of use. */
export class RetryLater extends ProtocolError {
  readonly retryAfterSeconds: number;

  constructor(detail: string, retryAfterMs = 1000) {
    super(errorTable.rateLimited, detail);
    this.retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  }
}
