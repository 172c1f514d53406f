/**
 * The way of a request through an endpoint: operationID, token, body, handler, envelope. Fastify has not touched the
 * body when this starts, so nobody without a valid token makes the server read one.
 */
import type { FastifyRequest } from 'fastify';
import type { CallContext } from '../kernel/caller.ts';
import type { WireBounds } from '../protocol/bounds.ts';
import { requireOperationID, requireToken } from './admission.ts';
import { type Binding, compileBinding } from './binding.ts';
import { maxBodyBytes, maxPublicBodyBytes } from './body.ts';
import type { Endpoint, PublicCall } from './endpoint.ts';
import type { Exchange } from './exchange.ts';
import type { Services } from './services.ts';

export function serveEndpoint(endpoint: Endpoint, services: Services, bounds?: WireBounds) {
  const bindingFor = compileBinding(endpoint, bounds);
  // Who has no token yet has little to say, and must not make the server hold much of it.
  const maxBytes = endpoint.access === 'public' ? maxPublicBodyBytes : maxBodyBytes;
  const bindFailureStatus = endpoint.strictBind === true ? 400 : 200;

  return async (exchange: Exchange): Promise<void> => {
    const { request } = exchange;
    const call = await identify(request);
    let binding: Binding;
    let body: unknown;
    try {
      binding = bindingFor(request.headers['content-type']);
      body = binding.decode(await exchange.readBody(maxBytes));
      endpoint.checkBinding?.(body);
    } catch (error) {
      return exchange.fail(error, bindFailureStatus);
    }
    const result = await endpoint.handle(call as CallContext & PublicCall, body, services);
    await exchange.succeed(binding.encode(result));
  };

  async function identify(request: FastifyRequest): Promise<CallContext | PublicCall> {
    const operationID = requireOperationID(request);
    if (endpoint.access === 'public') return { operationID, address: request.ip };
    return { operationID, caller: await requireToken(request, services.authority) };
  }
}
