/**
 * The way of a request through an endpoint: operationID, token, body, handler, envelope. Nobody without a valid
 * token makes the server read a body, and whoever was let in is judged again when it has arrived: a token may end while
 * its body is under way (T1, T4).
 */
import type { CallContext } from '../kernel/caller.ts';
import type { WireBounds } from '../protocol/bounds.ts';
import { requireOperationID, requireToken } from './admission.ts';
import { type Binding, compileBinding } from './binding.ts';
import type { BodyLimits } from './body.ts';
import type { Endpoint, PublicCall } from './endpoint.ts';
import type { Exchange } from './exchange.ts';
import type { Services } from './services.ts';
import type { Origin } from './throttle.ts';

export function serveEndpoint(
  endpoint: Endpoint,
  services: Services,
  { bounds, bodyLimits }: { readonly bounds?: WireBounds; readonly bodyLimits: BodyLimits },
) {
  const bindingFor = compileBinding(endpoint, bounds);
  const bindFailureStatus = endpoint.strictBind === true ? 400 : 200;

  return async (exchange: Exchange): Promise<void> => {
    const { request, surroundings } = exchange;
    const { turns, secrets } = surroundings;
    let call = await identify(exchange);
    let binding: Binding;
    let body: unknown;
    try {
      binding = bindingFor(request.headers['content-type']);
      const receiving = exchange.receiveBody(largestBody(call));
      const received = receiving instanceof Promise ? await receiving : receiving;
      const wasHeldUp = await turns.take('caller' in call ? call.caller.userID : exchange.address, {
        bytes: received.length,
        isUser: 'caller' in call && !call.caller.isAdmin,
      });
      // Also of a request that is refused below, or it would be kept for as long as its connection is open.
      const bytes = received.take();
      if (wasHeldUp || exchange.isOlderThanItsBody || exchange.isLongIdentified) call = await identify(exchange);
      body = withParameter(binding.decode(bytes), endpoint.urlParameter, request.url);
      endpoint.checkBinding?.(body);
    } catch (error) {
      return exchange.fail(error, bindFailureStatus);
    }
    const handle = () => endpoint.handle(call as CallContext & PublicCall, body, services, exchange);
    const name = endpoint.claimedName?.(body);
    const result = name === undefined ? handle() : secrets.guard({ ...exchange.origin, name }, handle);
    const encoded = binding.encode(await result);
    return exchange.succeed(encoded instanceof Promise ? await encoded : encoded);
  };

  async function identify(exchange: Exchange): Promise<CallContext | PublicCall> {
    const operationID = requireOperationID(exchange.request, endpoint.takesEmptyOperationID);
    if (endpoint.access === 'public') return new AnonymousCall(operationID, exchange);
    const caller = await requireToken(exchange.request, services.authority);
    exchange.identify(caller);
    return { operationID, caller };
  }

  /** Who has no token yet has little to say; admins speak for whole back ends, where there is much to say. */
  function largestBody(call: CallContext | PublicCall): number {
    if (!('caller' in call)) return bodyLimits.maxPublicBodyBytes;
    return call.caller.isAdmin && endpoint.takesLargeBody === true
      ? bodyLimits.maxAdminBodyBytes
      : bodyLimits.maxBodyBytes;
  }
}

/** The body with what the URL says, if the endpoint has it there. */
function withParameter(body: unknown, name: string | undefined, url = ''): unknown {
  if (name === undefined || !url.includes('?')) return body;
  const value = new URLSearchParams(url.slice(url.indexOf('?'))).get(name);
  return value === null ? body : Object.assign({}, body, { [name]: value });
}

/** Few ask where it comes from. */
class AnonymousCall implements PublicCall {
  readonly operationID: string;
  readonly #exchange: Exchange;

  constructor(operationID: string, exchange: Exchange) {
    this.operationID = operationID;
    this.#exchange = exchange;
  }

  get origin(): Origin {
    return this.#exchange.origin;
  }
}
