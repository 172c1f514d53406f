/** Headers of every answer, errors included. Protocol: rest-core.md 1.4. */
import { type IncomingMessage, ServerResponse } from 'node:http';

export const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Expose-Headers':
    'Content-Length, Access-Control-Allow-Origin, Access-Control-Allow-Headers,Cache-Control,Content-Language,Content-Type,Expires,Last-Modified,Pragma,FooBar',
  'Access-Control-Max-Age': '172800',
  'Access-Control-Allow-Credentials': 'false',
} as const;

export const contentTypes = {
  /** Without a charset, as OpenIM sends it. */
  json: 'application/json',
  text: 'text/plain',
  html: 'text/html; charset=utf-8',
} as const;

const corsLines = Object.entries(corsHeaders)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

const jsonLine = `Content-Type: ${contentTypes.json}\r\n`;

/**
 * An answer that has the headers above, and the ID of its request. Node looks through each header that it is given for
 * what must not be in one; of these, in which nothing is a client's, that took longer than all else about headers.
 */
export class ApiResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  #lines = '';

  /** @param requestID made by this server */
  identify(requestID: string): void {
    this.#lines = `${corsLines}X-HTTP-ID: ${requestID}\r\n`;
  }

  /** All of an answer in JSON that has no other headers; Node itself adds the length of what it is given at once. */
  endJson(status: number, body: string | Uint8Array): void {
    this.#lines += jsonLine;
    this.statusCode = status;
    this.end(body);
  }

  /** Where Node puts headers behind the first line. */
  override _storeHeader(firstLine: string, headers: unknown): void {
    super._storeHeader(firstLine + this.#lines, headers);
  }
}

declare module 'node:http' {
  interface OutgoingMessage {
    /** Node's types do not have it. */
    _storeHeader(firstLine: string, headers: unknown): void;
  }
}
