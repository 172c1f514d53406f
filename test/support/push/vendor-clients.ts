/**
 * What the vendors' own clients of Getui and JPush sent to the stand-ins and made of the answers, as bench/push-clients.ts
 * recorded it. They are Java's: docs/push.md says why.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One command to a client, with what went over the wire for it. */
export interface ClientStep {
  readonly service: 'jpush' | 'getui';
  readonly command: string;
  /** The service has taken back all tokens before it. */
  readonly tokensEnded?: true;
  readonly exchanges: readonly ClientExchange[];
  /** What the client says of it. */
  readonly understood: Readonly<Record<string, unknown>>;
}

export interface ClientExchange {
  readonly method: string;
  readonly path: string;
  /** Those that the service looks at. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  readonly answer: unknown;
}

/** Users with a device; nobody else has one. */
export const knownAliases: ReadonlySet<string> = new Set(['alice', 'bob']);

export const vendorClientsFile = join(import.meta.dirname, '../../fixtures/push/vendor-clients.json');

export function vendorClients(): readonly ClientStep[] {
  return JSON.parse(readFileSync(vendorClientsFile, 'utf8'));
}

/** A text without what the stand-ins draw by lot and by the clock. */
export function blurred(text: string): string {
  return text
    .replace(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, 'UUID')
    .replace(/"expire_time":"\d+"/, '"expire_time":"TIME"');
}
