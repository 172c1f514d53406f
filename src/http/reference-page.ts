/**
 * The API reference for people. Loaded at the first visit, because it takes 25 MB and a third of a second; works
 * without the internet, and its policy header keeps the page from talking to anybody but this server.
 */
import type { FastifyInstance } from 'fastify';
import type { Answer } from './exchange.ts';

/** Fonts, telemetry, proxies and assistants of the reference's makers are theirs, elsewhere. */
const configuration = {
  url: '/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  mcp: { disabled: true },
  agent: { disabled: true },
} as const;

const policy =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:";

export class ReferencePage {
  static readonly paths = ['/docs', '/docs/', '/docs/js/scalar.js'] as const;

  #site: Promise<FastifyInstance> | undefined;

  async answer(path: string): Promise<Answer> {
    this.#site ??= load();
    const { statusCode, headers, rawPayload } = await (await this.#site).inject(path);
    return {
      status: statusCode,
      code: 0,
      contentType: String(headers['content-type'] ?? 'text/plain'),
      headers: {
        'Content-Security-Policy': policy,
        ...(headers.location === undefined ? {} : { Location: String(headers.location) }),
      },
      body: rawPayload,
    };
  }
}

/** A router of its own, never on a port: routes cannot be added to one that already listens. */
async function load(): Promise<FastifyInstance> {
  const [{ fastify }, { default: apiReference }] = await Promise.all([
    import('fastify'),
    import('@scalar/fastify-api-reference'),
  ]);
  const site = fastify({ logger: false });
  await site.register(apiReference, { routePrefix: '/docs', configuration });
  await site.ready();
  return site;
}
