/** Turns HTTP requests into connections, or tells the client why not. Protocol: websocket.md 1.5 and 1.6. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { SharedReads } from '../../kernel/shared-reads.ts';
import { successEnvelope } from '../../protocol/envelope.ts';
import type { ProtocolError } from '../../protocol/errors.ts';
import { isOurFault, toProtocolError } from '../../protocol/failure.ts';
import { wantsMessageReply } from '../../protocol/handshake.ts';
import { LogBudget } from '../../telemetry/log-budget.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { OperationScope } from '../../telemetry/operation.ts';
import { nameOfRequest } from '../../telemetry/request-name.ts';
import type { Session as TokenSession } from '../../tokens/session.ts';
import { connIDOf, remoteAddressOf } from '../connection/peer.ts';
import type { Connection } from '../connection/session.ts';
import type { GatewayLimits } from '../limits.ts';
import { type Accepted, checkToken, type HandshakeOptions, queryOf, readParams } from './handshake.ts';
import { jsonError, notAnUpgrade, respond, respondRaw, sendErrorText } from './handshake-reply.ts';

export interface UpgraderOptions extends HandshakeOptions {
  /** See {@link GatewayOptions.addressOf}. */
  readonly addressOf: ((request: IncomingMessage) => string | undefined) | undefined;
  readonly limits: GatewayLimits;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly scope: OperationScope;
  /** Unix ms. */
  readonly clock: () => number;
  /** Called for each new connection, before anything that its client sends is read. */
  readonly onConnection: (connection: Connection) => void;
}

/** What becomes of a request in the end. */
interface Outcome {
  accept(accepted: Accepted): void;
  refuse(error: ProtocolError): void;
}

export class Upgrader {
  readonly #options: UpgraderOptions;
  readonly #sockets: WebSocketServer;
  readonly #reads = new SharedReads();
  readonly #strays: LogBudget;

  constructor(options: UpgraderOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer(webSocketOptions(options.limits));
    this.#strays = new LogBudget({ maxLines: 10, windowMs: 60_000, monotonicMs: options.monotonicMs });
    this.#sockets.on('wsClientError', (error, socket) => respondRaw(socket, notAnUpgrade(error.message)));
  }

  /** For the 'upgrade' event of a node:http server. */
  readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // node:http has let go of the socket: unheard, a reset during the checks would end the process.
    socket.on('error', ignore);
    const connID = connIDOf(request, this.#options.clock());
    void this.#check(request, connID, {
      accept: (accepted) => this.#connect(request, socket, head, connID, accepted),
      refuse: (error) => this.#refuse(request, socket, head, error),
    });
  };

  /** For requests that do not ask for an upgrade: they pass the same checks, and then are no use. */
  readonly onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    this.#strays.spend((leftOut) =>
      this.#options.logger.info(
        { ...nameOfRequest(request), leftOut },
        'no such path here: this port takes sockets only',
      ),
    );
    void this.#check(request, connIDOf(request, this.#options.clock()), {
      accept: () => respond(response, notAnUpgrade('This is a WebSocket endpoint')),
      refuse: (error) => respond(response, jsonError(error)),
    });
  };

  /** The steps in order. Never rejects. */
  async #check(request: IncomingMessage, connID: string, outcome: Outcome): Promise<void> {
    const { admission, addressOf, variants, scope } = this.#options;
    let release = ignore;
    const fail = (error: unknown) => {
      release();
      const failure = toProtocolError(error, connID);
      this.#report(request, connID, error, failure);
      outcome.refuse(failure);
    };
    try {
      const slot = admission.take();
      release = () => slot.release();
      request.socket.once('close', release);
      const { params, variant } = readParams(request, variants);
      const unchecked = admission.takeUnchecked(addressOf?.(request));
      request.socket.once('close', () => unchecked.release());
      const accept = (token: TokenSession, askedAtMs: number) => {
        unchecked.release();
        outcome.accept({ params, variant, token, askedAtMs });
      };
      await scope.run(params.operationID, () => checkToken(params, this.#options, accept).catch(fail));
    } catch (error) {
      fail(error);
    }
  }

  #report(request: IncomingMessage, connID: string, error: unknown, { code, detail }: ProtocolError): void {
    const { metrics, logger } = this.#options;
    metrics.gatewayHandshakes.inc({ code });
    metrics.errors.inc({ door: 'gateway', code });
    const remoteAddress = remoteAddressOf(request);
    if (isOurFault(error)) logger.error({ err: error, connID, remoteAddress }, 'handshake failed');
    else logger.debug({ connID, remoteAddress, code, detail }, 'handshake refused');
  }

  #connect(request: IncomingMessage, socket: Duplex, head: Buffer, connID: string, accepted: Accepted): void {
    const { params, variant, token, askedAtMs } = accepted;
    const { metrics, logger, onConnection } = this.#options;
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      metrics.gatewayHandshakes.inc({ code: 0 });
      logger.debug({ connID, userID: token.userID, remoteAddress: remoteAddressOf(request) }, 'socket connected');
      this.#reads.add(socket);
      if (params.wantsReply) ws.send(successEnvelope());
      onConnection({ ws, socket, connID, token, askedAtMs, variant, isBackground: params.isBackground });
    });
  }

  /** Browsers see nothing of an HTTP answer: those that read messages get one, also for what fails before step 3. */
  #refuse(request: IncomingMessage, socket: Duplex, head: Buffer, error: ProtocolError): void {
    if (!wantsMessageReply(queryOf(request))) respondRaw(socket, jsonError(error));
    else this.#sockets.handleUpgrade(request, socket, head, (ws) => sendErrorText(ws, socket, error));
  }
}

function ignore(): void {}

/** On average, of a large message. */
const leastPieceBytes = 400;

function webSocketOptions({ maxFrameBytes, closeTimeoutMs }: GatewayLimits) {
  return {
    noServer: true,
    clientTracking: false,
    // See `Pongs`.
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    closeTimeout: closeTimeoutMs,
    // A message in crumbs costs far more memory than its bytes; packets of the smallest network are larger.
    maxBufferedChunks: Math.max(128, Math.ceil(maxFrameBytes / leastPieceBytes)),
    maxFragments: 128,
    handleProtocols: () => false as const,
  };
}
