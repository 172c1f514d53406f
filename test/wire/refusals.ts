/** Scenarios that follow from who may call an endpoint: the declared callers are let in with its example, others not (M5). */
import type { Access, Endpoint } from '../../src/http/endpoint.ts';
import { groupMatrix } from './group-matrix.ts';
import type { Expectation, Scenario } from './scenario.ts';
import type { TokenKind, World } from './world.ts';

/** Of the example's point of view: `user` is alice, whom a `self` field names. */
type Caller = Extract<TokenKind, 'admin' | 'user' | 'other'>;

export function* refusals(endpoint: Endpoint): Generator<Scenario> {
  const { access, example, required = [] } = endpoint;
  if (access === 'public') return;
  yield* groupMatrix(endpoint);
  let tokens: ReturnType<typeof freshTokens> | undefined;
  const tokensOf = (world: World) => (tokens ??= freshTokens(world));
  for (const caller of ['admin', 'user', 'other'] as const) {
    const isLetIn = mayCall(access, caller);
    yield {
      name: `M5 the example is ${isLetIn ? 'let in' : '1002'} for ${callerNames[caller]}`,
      token: async (world) => (await tokensOf(world))[caller],
      body: example,
      expect: isLetIn ? letIn(endpoint, caller) : { errCode: 1002 },
    };
  }
  for (const field of required) {
    const { [field]: _left, ...rest } = example;
    yield {
      name: `without ${field} the example is refused`,
      token: async (world) => (await tokensOf(world)).admin,
      body: rest,
      expect: { httpStatus: /^[24]00$/, errCode: /^100[14]$/ },
    };
  }
}

const callerNames = { admin: 'an admin', user: 'the user whom it names', other: 'another user' } as const;

/** An endpoint's own scenarios may have ended those of the world; and of age, so that they may be renewed. */
async function freshTokens(world: World): Promise<Readonly<Record<Caller, string>>> {
  const user = await world.issue('alice', 3);
  const other = await world.issue('bob', 3);
  const admin = await world.issueAdmin();
  world.passTime(60_000);
  return { admin, user, other };
}

function mayCall(access: Exclude<Access, 'public'>, caller: Caller): boolean {
  // Of a group that is not there everybody hears just that.
  if (access === 'anyone' || caller === 'admin' || (access !== 'admin' && 'group' in access)) return true;
  return access !== 'admin' && caller === 'user';
}

/**
 * A success, or about what the example names: never ill-formed, never forbidden; but of a group that is not there some
 * endpoints say no more than of one that the caller is not in.
 */
function letIn({ access, strictBind }: Endpoint, caller: Caller): Expectation {
  const isProbe = caller !== 'admin' && typeof access === 'object' && 'group' in access;
  return {
    ...(strictBind === true ? { httpStatus: 200 } : {}),
    errCode: isProbe ? /^(?:0|100[24])$/ : /^(?:0|1004|1102|1201|1404)$/,
    data: () => {},
  };
}
