/** Every endpoint under /auth, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import forceLogout from './force_logout.ts';
import getAdminToken from './get_admin_token.ts';
import getUserToken from './get_user_token.ts';
import listTokenEvents from './list_token_events.ts';
import listTokens from './list_tokens.ts';
import parseToken from './parse_token.ts';
import renewToken from './renew_token.ts';
import revokeToken from './revoke_token.ts';
import revokeTokens from './revoke_tokens.ts';

export const authEndpoints: readonly Endpoint[] = [
  forceLogout,
  getAdminToken,
  getUserToken,
  listTokenEvents,
  listTokens,
  parseToken,
  renewToken,
  revokeToken,
  revokeTokens,
];
