/** The checks between a request and a connection, in the protocol's order. Protocol: websocket.md 1.5 and 1.6. */
import type { IncomingMessage } from 'node:http';
import { errors } from '../../protocol/errors.ts';
import { type HandshakeParams, parseHandshake } from '../../protocol/handshake.ts';
import type { TokenAuthority } from '../../tokens/authority.ts';
import type { TokenEvents } from '../../tokens/events.ts';
import type { Session } from '../../tokens/session.ts';
import type { FrameVariant, FrameVariants } from '../connection/frame-variant.ts';
import type { Admission } from './admission.ts';
import { TokenWatch } from './token-watch.ts';

export interface HandshakeOptions {
  readonly admission: Admission;
  readonly variants: FrameVariants;
  readonly authority: Pick<TokenAuthority, 'verify'>;
  readonly events: TokenEvents;
  /** For the token check. */
  readonly handshakeTimeoutMs: number;
  /** Milliseconds that only go forward. */
  readonly monotonicMs: () => number;
}

/** A request that may become a connection. */
export interface Accepted {
  readonly params: HandshakeParams;
  readonly variant: FrameVariant;
  readonly token: Session;
  /** When the check of the token began, by the monotonic clock. */
  readonly askedAtMs: number;
}

/** Step 2. @throws 1602, or 500 for isBackground */
export function readParams(
  request: IncomingMessage,
  variants: FrameVariants,
): { params: HandshakeParams; variant: FrameVariant } {
  const params = parseHandshake(queryOf(request), compressionHeaderOf(request));
  const variant = variants.find(params.sdkType, params.isCompressed);
  if (variant === undefined) throw errors.handshakeArgs('sdkType is invalid');
  return { params, variant };
}

/**
 * Steps 3 and 4, then `open` in the same breath: a token that ends before is refused here, and one that ends after is
 * the hub's business, so that none falls between.
 *
 * @throws 15xx for the token, 500 if it cannot be checked or the gateway stops, and what `open` throws
 */
export async function checkToken(
  params: HandshakeParams,
  { authority, events, admission, handshakeTimeoutMs, monotonicMs }: HandshakeOptions,
  open: (token: Session, askedAtMs: number) => void,
): Promise<void> {
  using watch = new TokenWatch(events);
  // The process may stand still at any point from here: what is known of the token is as old as the question.
  const askedAtMs = monotonicMs();
  let token = await within(handshakeTimeoutMs, authority.verify(params.token));
  // Whatever happened then, the check of open sockets may have been just before this one opens.
  if (watch.mayHaveMissed) token = await within(handshakeTimeoutMs, authority.verify(params.token));
  const endsAt = Math.min(token.endsAt, watch.endOf(token));
  if (endsAt === Number.NEGATIVE_INFINITY) throw errors.tokenKicked();
  requireOwner(params, token);
  admission.assertOpen();
  open({ ...token, endsAt }, askedAtMs);
}

/** What follows the `?`; empty without one. */
export function queryOf({ url = '' }: IncomingMessage): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start + 1);
}

function compressionHeaderOf({ headers }: IncomingMessage): string | undefined {
  return typeof headers.compression === 'string' ? headers.compression : undefined;
}

/** @throws 1502 */
function requireOwner(params: HandshakeParams, token: Session): void {
  if (token.userID !== params.userID) throw errors.tokenInvalid('token uid != userID');
  if (token.platformID !== params.platformID) {
    throw errors.tokenInvalid(`token platform ${token.platformID} != platformID ${params.platformID}`);
  }
}

/** @throws 500 when `work` takes too long */
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(errors.internal('token check timed out')), timeoutMs);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
