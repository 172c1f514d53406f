/** Requests that no route takes: preflights, superfluous slashes, unknown paths. Protocol: rest-core.md 1.1, 1.3. */
import type { IncomingMessage } from 'node:http';
import { LogBudget } from '../telemetry/log-budget.ts';
import type { Logger } from '../telemetry/logger.ts';
import { nameOfRequest } from '../telemetry/request-name.ts';
import { requireOperationID, requireToken } from './admission.ts';
import type { Endpoint } from './endpoint.ts';
import type { Answer, Exchange } from './exchange.ts';
import { contentTypes } from './response-headers.ts';
import type { Services } from './services.ts';

export interface Unrouted {
  readonly endpoints: readonly Endpoint[];
  readonly services: Services;
  readonly logger: Pick<Logger, 'info'>;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  /** Every route as `METHOD /path`. */
  readonly routes: { has(route: string): boolean };
}

const preflightAnswer: Answer = {
  status: 200,
  code: 0,
  contentType: contentTypes.json,
  body: '"Options Request!"',
};

const notFoundAnswer: Answer = {
  status: 404,
  code: 404,
  contentType: contentTypes.text,
  body: '404 page not found',
};

export function serveUnrouted({ endpoints, services, routes, logger, monotonicMs }: Unrouted) {
  const publicPaths = endpoints.filter(({ access }) => access === 'public').map(({ path }) => path);
  const logBudget = new LogBudget({ maxLines: 10, windowMs: 60_000, monotonicMs });

  return async (exchange: Exchange): Promise<void> => {
    const { request } = exchange;
    if (request.method === 'OPTIONS') return exchange.send(preflightAnswer);
    const redirect = withoutSlash(request, routes);
    if (redirect !== undefined) return exchange.send(redirect);
    logBudget.spend((leftOut) => logger.info({ ...nameOfRequest(request), leftOut }, 'no such path'));
    if (request.method === 'POST') await check(request);
    await exchange.send(notFoundAnswer);
  };

  /** An unknown path is told only to those who pass the checks that a known one makes. */
  async function check(request: IncomingMessage): Promise<void> {
    requireOperationID(request);
    if (publicPaths.some((path) => request.url?.startsWith(path))) return;
    await requireToken(request, services.authority);
  }
}

/** To the same path without its last slash, if that is a route. */
function withoutSlash({ url = '', method }: IncomingMessage, routes: Unrouted['routes']): Answer | undefined {
  const [, path = '', query = ''] = /^([^?]*)\/(\?.*)?$/s.exec(url) ?? [];
  if (!routes.has(`${method} ${path}`)) return undefined;
  const status = method === 'GET' ? 301 : 307;
  return { status, code: 0, headers: { Location: path + query }, body: '' };
}
