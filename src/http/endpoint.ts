/**
 * How an endpoint is added: one file under routes/<area>/ with one call of `endpoint`, and one line in its index.ts. The
 * schemas give the handler its types, check the request, write the answer and fill the API reference.
 */

import type { BinaryReader } from '@bufbuild/protobuf/wire';
import type { CallContext } from '../kernel/caller.ts';
import type { WireRequest, WireResponse, WireSchema } from '../protocol/wire/wire-schema.ts';
import type { Services } from './services.ts';
import type { Origin } from './throttle.ts';

/**
 * Who may call (rest-core chapter, section 3). `public`: anybody, without a token. `anyone`: whoever has a token that is
 * accepted. `admin`: admins only. `self`: the user whom a field of the request names, and admins. `group`: who has a role
 * in the group that a field names, and admins; what the example asks for is what they may at least.
 *
 * It is what the API reference and docs/spec/access.md say and what test/wire/refusals.ts tries on every endpoint; the
 * domain function enforces it, so that a socket has the same rule.
 */
export type Access = 'public' | TokenAccess;
export type TokenAccess = 'anyone' | 'admin' | SelfAccess | GroupAccess;

export interface SelfAccess {
  /** Where the request names the user: `userID`, `userInfo.userID`. */
  readonly self: string;
}

/** The user whom the field names may call, and admins. */
export function self(field: string): SelfAccess {
  return { self: field };
}

export interface GroupAccess {
  /** Where the request names the group: `groupID`, `members.groupID` of the elements of a list, `groupIDs`. */
  readonly group: string;
  /** The lowest role in it. */
  readonly role: 'member' | 'manager' | 'owner';
}

/** Who has at least this role in the group that the field names may call, and admins. */
export function inGroup(group: string, role: GroupAccess['role']): GroupAccess {
  return { group, role };
}

/** A request body, as JSON. */
export type ExampleBody = Readonly<Record<string, unknown>>;

/** What a public endpoint knows about its call. */
export interface PublicCall {
  readonly operationID: string;
  readonly origin: Origin;
}

/** Where the call came in. */
export interface Place {
  /** Of the API as its client calls it; ends in a slash. */
  readonly apiUrl: string;
}

export interface EndpointDefinition<A extends Access, Req extends WireSchema, Res extends WireSchema | undefined> {
  readonly path: `/${string}`;
  /** One line for the API reference. */
  readonly summary: string;
  /** More for the API reference, in Markdown. */
  readonly description?: string;
  readonly access: A;
  /** Fields without which the request is refused as ill-formed, whoever calls: 1001, or 1004 for whom it names. */
  readonly required?: readonly string[];
  /**
   * A body that works as it stands where alice and bob are registered (or is refused for what it names: a token, a
   * message that is not there). Alice is whom a `self` field names.
   */
  readonly example: ExampleBody;
  readonly request: Req;
  /** The envelope's `data`. Without it the answer has no `data` and the handler returns nothing. */
  readonly response?: Res;
  /** A body that does not bind gets HTTP 400 beside its 1001 envelope (rest-core chapter, section 1.1). */
  readonly strictBind?: true;
  /** Back ends send it long lists: an admin's body may be larger than a user's (`maxAdminBodyBytes`). */
  readonly takesLargeBody?: true;
  /** An SDK asks for it with a header `operationID` that is there and empty. */
  readonly takesEmptyOperationID?: true;
  /** A text field of the request that clients put into the URL (`?key=`); it goes before that of the body. */
  readonly urlParameter?: string;
  /** The endpoint also speaks protobuf, chosen by Content-Type (rest-core chapter, section 12). */
  readonly protobuf?: ProtobufVariant<Req, Res>;
  /** What the schema cannot say of the body and OpenIM refuses while binding. Throws 1001. */
  checkBinding?(body: WireRequest<Req>): void;
  /**
   * Of an endpoint that takes a secret: whose it is said to be. Whoever gives wrong ones (1002) is refused after some
   * (429, see throttle.ts); the handler's domain function compares the secret before it waits for anything.
   */
  claimedName?(body: WireRequest<Req>): string;
  /**
   * Calls one domain function and shapes its result. The body is complete: what the client left out has its zero value.
   * Throws from the error table; anything else is answered as 500.
   */
  handle(call: CallOf<A>, body: WireRequest<Req>, services: Services, place: Place): ResultOf<Res>;
}

export interface ProtobufVariant<Req extends WireSchema, Res extends WireSchema | undefined> {
  /** Whatever it throws is answered as 500, as OpenIM answers a malformed message; not what the reader throws. */
  decode(input: BinaryReader): WireRequest<Req>;
  /** The bytes become the envelope's `data` as base64. */
  encode(result: Awaited<ResultOf<Res>>): Uint8Array;
}

type CallOf<A extends Access> = A extends 'public' ? PublicCall : CallContext;

type ResultOf<Res extends WireSchema | undefined> = Res extends WireSchema ? Promise<WireResponse<Res>> : Promise<void>;

/** Any endpoint, as the server sees it. */
export type Endpoint = EndpointDefinition<Access, WireSchema, WireSchema | undefined>;

/** Declares an endpoint; see the files under routes/ for examples. Does nothing but check the types. */
export function endpoint<A extends Access, Req extends WireSchema, Res extends WireSchema | undefined = undefined>(
  definition: EndpointDefinition<A, Req, Res>,
): Endpoint {
  return definition;
}
