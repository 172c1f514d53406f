/**
 * How an endpoint is added: one file under routes/ with one call of `endpoint`, and one line in routes/index.ts. The
 * schemas give the handler its types, check the request, write the answer and fill the API reference.
 */

import type { CallContext } from '../kernel/caller.ts';
import type { WireRequest, WireResponse, WireSchema } from '../protocol/wire/wire-schema.ts';
import type { Services } from './services.ts';

/** `token`: the caller is known by a valid token. `public`: anybody may call (rest-core chapter, section 3). */
export type Access = 'token' | 'public';

/** What a public endpoint knows about its call. */
export interface PublicCall {
  readonly operationID: string;
  /** The peer's IP address. */
  readonly address: string;
}

export interface EndpointDefinition<A extends Access, Req extends WireSchema, Res extends WireSchema | undefined> {
  readonly path: `/${string}`;
  /** One line for the API reference. */
  readonly summary: string;
  /** More for the API reference, in Markdown. */
  readonly description?: string;
  readonly access: A;
  readonly request: Req;
  /** The envelope's `data`. Without it the answer has no `data` and the handler returns nothing. */
  readonly response?: Res;
  /** A body that does not bind gets HTTP 400 beside its 1001 envelope (rest-core chapter, section 1.1). */
  readonly strictBind?: true;
  /** The endpoint also speaks protobuf, chosen by Content-Type (rest-core chapter, section 12). */
  readonly protobuf?: ProtobufVariant<Req, Res>;
  /** What the schema cannot say of the body and OpenIM refuses while binding. Throws 1001. */
  checkBinding?(body: WireRequest<Req>): void;
  /**
   * Calls one domain function and shapes its result. The body is complete: what the client left out has its zero value.
   * Throws from the error table; anything else is answered as 500.
   */
  handle(call: CallOf<A>, body: WireRequest<Req>, services: Services): ResultOf<Res>;
}

export interface ProtobufVariant<Req extends WireSchema, Res extends WireSchema | undefined> {
  /** Whatever it throws is answered as 500, as OpenIM answers a malformed message. */
  decode(bytes: Uint8Array): WireRequest<Req>;
  /** The bytes become the envelope's `data` as base64. */
  encode(result: Awaited<ResultOf<Res>>): Uint8Array;
}

type CallOf<A extends Access> = A extends 'token' ? CallContext : PublicCall;

type ResultOf<Res extends WireSchema | undefined> = Res extends WireSchema ? Promise<WireResponse<Res>> : Promise<void>;

/** Any endpoint, as the server sees it. */
export type Endpoint = EndpointDefinition<Access, WireSchema, WireSchema | undefined>;

/** Declares an endpoint; see the files under routes/ for examples. Does nothing but check the types. */
export function endpoint<A extends Access, Req extends WireSchema, Res extends WireSchema | undefined = undefined>(
  definition: EndpointDefinition<A, Req, Res>,
): Endpoint {
  return definition;
}
