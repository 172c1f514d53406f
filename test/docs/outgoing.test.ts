/** What this server asks over HTTP: the hosts that operators name, and nothing that anybody else does. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** By what they ask, each of which refuses redirects. */
const asking = [
  'src/blobs/s3-client.ts',
  'src/cli/api-client.ts',
  'src/push-providers/apns.ts',
  'src/push-providers/json-call.ts',
  'src/webhooks/webhook-client.ts',
];

const sources = globSync('src/**/*.ts', { exclude: (path) => path.endsWith('.test.ts') });
const importsClient =
  /^import (?!type)[^;]*\b(?:request|get|connect|createConnection)\b[^;]* from 'node:(?:http|https|http2|net|tls)'/m;
const fetches = /(?<![.#\w])fetch\(/;

test('O1 only the clients of what operators name ask anything: whoever adds another one says here whom it asks', () => {
  const found = sources.filter((path) => {
    const text = readFileSync(path, 'utf8');
    return importsClient.test(text) || fetches.test(text) || /from 'undici'/.test(text);
  });
  assert.deepEqual(found.toSorted(), asking);
});
