/** Headers of every answer, errors included. Protocol: rest-core.md 1.4. */

export const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Expose-Headers':
    'Content-Length, Access-Control-Allow-Origin, Access-Control-Allow-Headers,Cache-Control,Content-Language,Content-Type,Expires,Last-Modified,Pragma,FooBar',
  'Access-Control-Max-Age': '172800',
  'Access-Control-Allow-Credentials': 'false',
} as const;

/** The same as node:http takes them with least effort: names and values in turns. */
export const corsPairs: readonly string[] = Object.entries(corsHeaders).flat();

export const contentTypes = {
  /** Without a charset, as OpenIM sends it. */
  json: 'application/json',
  text: 'text/plain',
  html: 'text/html; charset=utf-8',
} as const;
