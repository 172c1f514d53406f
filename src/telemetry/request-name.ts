/** What the log says of a request that went astray. */
import type { IncomingMessage } from 'node:http';
import { publicText } from '../protocol/errors.ts';

/** What a back end that calls a wrong path looks for; without the query, which may hold anything. */
export function nameOfRequest({ method = '', url = '' }: Pick<IncomingMessage, 'method' | 'url'>): {
  readonly method: string;
  readonly path: string;
} {
  const [path = ''] = url.slice(0, 256).split('?', 1);
  return { method, path: publicText(path, 128) };
}
