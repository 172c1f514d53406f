/** Every OAuth endpoint, in the order of the API reference. */
import introspect from './introspect.ts';
import type { OauthEndpoint } from './oauth-endpoint.ts';
import revoke from './revoke.ts';

export const oauthEndpoints: readonly OauthEndpoint[] = [introspect, revoke];
