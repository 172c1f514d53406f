/** Parameters of a request: a form in the body, as RFC 6749, appendix B, has it. */
import { OauthError } from './oauth-error.ts';

/** By name; what was sent without a value counts as not sent (RFC 6749, section 3.2). */
export type OauthForm = ReadonlyMap<string, string>;

/** @throws OauthError invalid_request for another content type, or a parameter that comes twice */
export function parseForm(contentType: string | undefined, body: Buffer): OauthForm {
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType ?? '')) {
    throw new OauthError('invalid_request', 'the body must be application/x-www-form-urlencoded');
  }
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body.toString())) {
    if (form.has(name)) throw new OauthError('invalid_request', 'a parameter is repeated');
    if (value !== '') form.set(name, value);
  }
  return form;
}
