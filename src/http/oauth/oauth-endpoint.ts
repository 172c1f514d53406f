/**
 * How an OAuth endpoint is added: one file in this folder with one call of `oauthEndpoint`, and one line in index.ts.
 * All of them take a token from a client that authenticates itself, in a form, and answer as their RFC says.
 */
import type { Services } from '../services.ts';

export interface OauthCall {
  /** The client that calls, authenticated. */
  readonly clientID: string;
  /** The token that the client asks about; not empty, otherwise any text. */
  readonly token: string;
  /** The operationID header if there is one, else the ID of the request. */
  readonly operationID: string;
}

export interface OauthEndpoint {
  readonly path: `/oauth2/${string}`;
  /** One line for the API reference. */
  readonly summary: string;
  /** More for the API reference, in Markdown. */
  readonly description: string;
  /** JSON Schema of the answer for the API reference; without it the answer has no body. */
  readonly response?: Readonly<Record<string, unknown>>;
  /** @returns what is answered as JSON; undefined for no body. Throws OauthError, or from the protocol's table. */
  handle(call: OauthCall, services: Services): Promise<object | undefined>;
}

/** Declares an endpoint. Does nothing but check the types. */
export function oauthEndpoint(definition: OauthEndpoint): OauthEndpoint {
  return definition;
}
