/** From a decoded request to its reply: the handler's answer, or the error that it threw. */

import type { Caller } from '../../kernel/caller.ts';
import { errors } from '../../protocol/errors.ts';
import { isOurFault, toProtocolError } from '../../protocol/failure.ts';
import type { SocketReply, SocketRequest } from '../../protocol/frames/frames.ts';
import { reqIdentifiers } from '../../protocol/numbers/request-identifiers.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { OperationScope } from '../../telemetry/operation.ts';
import type { ConnectionControl, RequestHandlers } from './request-handler.ts';

export interface DispatcherOptions {
  readonly handlers: RequestHandlers;
  readonly scope: OperationScope;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Who sent the request, and over which connection. */
export interface RequestOrigin {
  readonly caller: Caller;
  readonly connection: ConnectionControl;
  /** Names the connection in logs. */
  readonly connID: string;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  /** By request identifier. */
  readonly #successes = new Map<number, { inc(): void }>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** False for an identifier that ends the connection. */
  knows(reqIdentifier: number): boolean {
    return this.#options.handlers.has(reqIdentifier);
  }

  /**
   * Never rejects: whatever goes wrong becomes the reply's error (websocket chapter, 2.4).
   * @param failure of the checks before the request: answered in place of serving it
   */
  answer(request: SocketRequest, origin: RequestOrigin, failure?: unknown): Promise<SocketReply> {
    return this.#options.scope.run(request.operationID, () => this.#answer(request, origin, failure));
  }

  async #answer(
    request: SocketRequest,
    { caller, connection, connID }: RequestOrigin,
    failure: unknown,
  ): Promise<SocketReply> {
    const { handlers, logger, metrics } = this.#options;
    const { reqIdentifier, msgIncr, operationID } = request;
    try {
      if (failure !== undefined) throw failure;
      const handler = handlers.get(reqIdentifier);
      if (handler === undefined) throw errors.internal('unknown request');
      requireEnvelope(request);
      const data = await handler({ caller, operationID, connection }, request.data);
      this.#countSuccess(reqIdentifier);
      return { reqIdentifier, msgIncr, operationID, errCode: 0, errMsg: '', data };
    } catch (error) {
      if (isOurFault(error)) logger.error({ err: error, connID, reqIdentifier }, 'socket request failed');
      const { code: errCode, errMsg } = toProtocolError(error, connID);
      metrics.gatewayRequests.inc({ identifier: reqIdentifier, code: errCode });
      metrics.errors.inc({ door: 'gateway', code: errCode });
      return { reqIdentifier, msgIncr, operationID, errCode, errMsg, data: null };
    }
  }

  /** Without a look for its labels, which costs more than to count. */
  #countSuccess(reqIdentifier: number): void {
    let series = this.#successes.get(reqIdentifier);
    if (series === undefined) {
      series = this.#options.metrics.gatewayRequests.labels({ identifier: reqIdentifier, code: 0 });
      this.#successes.set(reqIdentifier, series);
    }
    series.inc();
  }
}

/** The requests that OpenIM validates before it looks at their data (websocket chapter, 2.3). */
const strictRequests: ReadonlySet<number> = new Set([
  reqIdentifiers.pullMessagesBySeqRanges,
  reqIdentifiers.pullMessagesBySeqList,
  reqIdentifiers.getReadAndMaxSeqs,
  reqIdentifiers.setBackgroundStatus,
]);

/** @throws 500 */
function requireEnvelope({ reqIdentifier, operationID, msgIncr }: SocketRequest): void {
  if (strictRequests.has(reqIdentifier) && (operationID === '' || msgIncr === '')) {
    throw errors.internal('operationID and msgIncr must not be empty');
  }
}
