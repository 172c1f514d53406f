/** What orchestrators and Prometheus ask: is it alive, is it ready, how is it doing; and people, where they are. */
import type { Registry } from 'prom-client';
import type { Answer } from './exchange.ts';
import { contentTypes } from './response-headers.ts';

/** Names what is not ready (`database`, `tokens`, `token feed`, `draining`): empty means that this node can take requests. */
export type Readiness = () => Promise<readonly string[]>;

/** What is not as it should be, though requests can be taken. */
export type Warnings = () => readonly string[];

/** A probe that hangs must not look like a server that hangs. */
const readinessTimeoutMs = 3000;

/** For people who open the address in a browser. */
export function rootAnswer(version: string): Answer {
  const body = `<!doctype html><title>Tessera</title><p>Tessera ${version}: <a href="/docs">API reference</a>\n`;
  return { status: 200, code: 0, contentType: contentTypes.html, body };
}

export function healthAnswer(): Answer {
  return { status: 200, code: 0, contentType: contentTypes.json, body: '{"status":"alive"}' };
}

export async function readinessAnswer(readiness: Readiness, warnings: Warnings): Promise<Answer> {
  const notReady = await withinTime(readiness());
  const isReady = notReady.length === 0;
  const status = isReady ? 200 : 503;
  const told = warnings().length === 0 ? {} : { warnings: warnings() };
  const body = JSON.stringify(isReady ? { status: 'ready', ...told } : { status: 'not ready', notReady, ...told });
  return { status, code: isReady ? 0 : status, contentType: contentTypes.json, body };
}

export async function metricsAnswer(registry: Registry): Promise<Answer> {
  return { status: 200, code: 0, contentType: registry.contentType, body: await registry.metrics() };
}

async function withinTime(probe: Promise<readonly string[]>): Promise<readonly string[]> {
  const { promise: tooLate, resolve } = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => resolve(['readiness probe timed out']), readinessTimeoutMs);
  try {
    return await Promise.race([probe, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
