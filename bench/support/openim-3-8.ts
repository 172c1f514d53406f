/**
 * OpenIM 3.8: the hash's expiry is set anew, to the lifetime then in force, at every issue and at every kick by the login
 * policy, for all tokens in it (rest-core.md 5.4, known defect 7).
 */
import { type OpenIMOptions, OpenIMTokens } from './openim-tokens.ts';

export function startOpenIM38(options: OpenIMOptions): Promise<OpenIMTokens> {
  return OpenIMTokens.start({ name: 'OpenIM 3.8', rearmsAtIssue: true, rearmsAtPolicyKick: true }, options);
}
