/** The published wasm SDK as a web site on loopback: a page that runs it, and its files straight from the package. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

const sdk = new URL('../', import.meta.resolve('@openim/wasm-client-sdk'));

const page = new URL('../sdk/wasm/page.html', import.meta.url);
const plainPage = '/plain/';

const html = 'text/html; charset=utf-8';
const javascript = 'text/javascript; charset=utf-8';

/** The assets are at the root, where the SDK's README has apps copy them to. */
const files: ReadonlyMap<string, { readonly file: URL; readonly type: string }> = new Map([
  ['/', { file: page, type: html }],
  [plainPage, { file: page, type: html }],
  ['/wasm_exec.js', { file: new URL('assets/wasm_exec.js', sdk), type: javascript }],
  ['/openIM.wasm', { file: new URL('assets/openIM.wasm', sdk), type: 'application/wasm' }],
  ['/sql-wasm.wasm', { file: new URL('assets/sql-wasm.wasm', sdk), type: 'application/wasm' }],
  ['/lib/index.es.js', { file: new URL('lib/index.es.js', sdk), type: javascript }],
  ['/lib/worker.js', { file: new URL('lib/worker.js', sdk), type: javascript }],
]);

/** Together they give the page SharedArrayBuffer, on which the SDK's database waits for IndexedDB. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export interface WasmSite extends AsyncDisposable {
  /** Of the page. */
  readonly url: string;
  /** Of the same page as most sites serve it: without SharedArrayBuffer, where the SDK's database takes less time. */
  readonly plainUrl: string;
}

export async function serveWasmSite(): Promise<WasmSite> {
  const server = createServer((request, response) => {
    // A page that is closed while it loads is no failure.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/`,
    plainUrl: `${origin}${plainPage}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer({ url = '', method }: IncomingMessage, response: ServerResponse): Promise<void> {
  const found = files.get(url);
  if (found === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { size, mtimeMs } = await stat(found.file);
  response.writeHead(200, {
    'Content-Type': found.type,
    'Content-Length': size,
    // The SDK keeps its wasm in the browser's cache storage, by the tag.
    ETag: `"${size}-${mtimeMs}"`,
    'Cache-Control': 'max-age=3600',
    ...(url === plainPage ? {} : isolation),
  });
  if (method === 'HEAD') response.end();
  else await pipeline(createReadStream(found.file), response);
}
