/**
 * The way of a request through an OAuth endpoint: form, client, token, handler. No envelope and no operationID: success
 * and failure are told as the RFCs tell them.
 */
import { exceedsBytes, widestBounds } from '../../protocol/bounds.ts';
import { type BodyLimits, ClientGone } from '../body.ts';
import type { Answer, Exchange } from '../exchange.ts';
import { contentTypes } from '../response-headers.ts';
import type { Services } from '../services.ts';
import { type OauthClients, readCredentials } from './oauth-clients.ts';
import type { OauthCall, OauthEndpoint } from './oauth-endpoint.ts';
import { failureAnswer, noStore, OauthError } from './oauth-error.ts';
import { type OauthForm, parseForm } from './oauth-form.ts';

export function serveOauth(
  endpoint: OauthEndpoint,
  services: Services,
  clients: OauthClients,
  { maxPublicBodyBytes }: BodyLimits,
) {
  return async (exchange: Exchange): Promise<void> => {
    let answer: Answer;
    try {
      const { request } = exchange;
      const body = await exchange.receiveBody(maxPublicBodyBytes);
      const form = parseForm(request.headers['content-type'], body.take());
      const clientID = await authenticate(exchange, form);
      answer = successAnswer(await endpoint.handle(callOf(exchange, form, clientID), services));
    } catch (error) {
      if (error instanceof ClientGone) throw error;
      // What is the client's fault shows in the metrics, and as a request at debug level.
      if (!(error instanceof OauthError)) exchange.logOurFault(error);
      answer = failureAnswer(error, exchange.id);
    }
    await exchange.send(answer);
  };

  function authenticate({ request, origin, surroundings }: Exchange, form: OauthForm): Promise<string> {
    const credentials = readCredentials(request.headers.authorization, form);
    return surroundings.secrets.guard(
      { ...origin, name: credentials.clientID },
      async () => clients.check(credentials),
      isWrongSecret,
    );
  }
}

function isWrongSecret(error: unknown): boolean {
  return error instanceof OauthError && error.code === 'invalid_client';
}

/** @throws OauthError invalid_request without a token */
function callOf({ request, id }: Exchange, form: OauthForm, clientID: string): OauthCall {
  const token = form.get('token');
  if (token === undefined) throw new OauthError('invalid_request', 'token is missing');
  const { operationid } = request.headers;
  const isUsable = typeof operationid === 'string' && !exceedsBytes(operationid, widestBounds.maxIdBytes);
  return { clientID, token, operationID: isUsable ? operationid : id };
}

function successAnswer(result: object | undefined): Answer {
  const answer = { status: 200, code: 0, headers: noStore };
  return result === undefined
    ? { ...answer, body: '' }
    : { ...answer, contentType: contentTypes.json, body: JSON.stringify(result) };
}
