/** Under which URL a client calls the API, for URLs that it is given (objects chapter, 1.3). */
import type { IncomingMessage } from 'node:http';

export interface ApiUrlSources {
  /** The setting; empty: there is none. */
  readonly publicUrl: string;
  readonly addresses: { isFromTrustedProxy(request: IncomingMessage): boolean };
}

/**
 * The setting, else what a trusted proxy says, else the Host header. What anybody may write is not believed: the URL is
 * stored in messages for others. @returns it ends in a slash
 */
export function apiUrlOf(request: IncomingMessage, { publicUrl, addresses }: ApiUrlSources): string {
  if (publicUrl !== '') return withSlash(publicUrl);
  const { 'x-request-api': said, 'x-forwarded-proto': scheme, host = '' } = request.headers;
  const isTrusted = addresses.isFromTrustedProxy(request);
  if (isTrusted && typeof said === 'string' && isHttpUrl(said)) return withSlash(said);
  const safeHost = /^[\w.:[\]-]+$/.test(host) ? host : 'localhost';
  return `${isTrusted && scheme === 'https' ? 'https' : 'http'}://${safeHost}/`;
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
