/** What OAuth endpoints answer in the place of a success: RFC 6749, section 5.2, and HTTP itself. */
import { errorTable, ProtocolError } from '../../protocol/errors.ts';
import type { Answer } from '../exchange.ts';
import { contentTypes } from '../response-headers.ts';
import { RetryLater } from '../retry-later.ts';

/** Error codes by their HTTP status; those that RFC 6749 has. */
const statuses = {
  invalid_request: 400,
  invalid_client: 401,
  server_error: 500,
  temporarily_unavailable: 503,
} as const;

export class OauthError extends Error {
  override readonly name = 'OauthError';
  readonly code: keyof typeof statuses;
  readonly status: number;
  /** Response headers beside those of every answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param description public, for people: ASCII without quotes and backslashes */
  constructor(
    code: keyof typeof statuses,
    description: string,
    { status = statuses[code], headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(description);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** 401 with the challenge that RFC 6749 asks for. */
export function invalidClient(description: string): OauthError {
  const headers = { 'WWW-Authenticate': 'Basic realm="tessera", charset="UTF-8"' };
  return new OauthError('invalid_client', description, { headers });
}

/** No answer of these endpoints may be stored: what it says may change at any moment. */
export const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

/** @param reference under which the log has the cause of a failure that clients learn nothing about */
export function failureAnswer(error: unknown, reference: string): Answer {
  const { code, message, status, headers } = toOauthError(error, reference);
  return {
    status,
    code: status,
    contentType: contentTypes.json,
    headers: { ...noStore, ...headers },
    body: JSON.stringify({ error: code, error_description: message }),
  };
}

function toOauthError(error: unknown, reference: string): OauthError {
  if (error instanceof OauthError) return error;
  if (error instanceof RetryLater) {
    const headers = { 'Retry-After': String(error.retryAfterSeconds) };
    return new OauthError('temporarily_unavailable', error.detail, { status: 429, headers });
  }
  if (error instanceof ProtocolError && error.code === errorTable.internal.code) {
    // A store that fails says nothing about a token: neither that it is inactive nor that it is gone (T5).
    const headers = { 'Retry-After': String(retryAfterSeconds) };
    return new OauthError('temporarily_unavailable', `try again later; reference ${reference}`, { headers });
  }
  if (error instanceof ProtocolError) return new OauthError('invalid_request', error.detail);
  return new OauthError('server_error', `reference ${reference}`);
}

const retryAfterSeconds = 5;
