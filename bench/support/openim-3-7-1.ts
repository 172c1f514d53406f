/**
 * OpenIM 3.7.1: a hash gets its expiry when it comes into being and never again, so every later token in it dies with
 * the first (open-im-server issue 2399).
 */
import { type OpenIMOptions, OpenIMTokens } from './openim-tokens.ts';

export function startOpenIM371(options: OpenIMOptions): Promise<OpenIMTokens> {
  return OpenIMTokens.start({ name: 'OpenIM 3.7.1', rearmsAtIssue: false, rearmsAtPolicyKick: false }, options);
}
