/** One HTTP call of a push service: JSON there and back, with a deadline and a bound on what it may answer. */

export interface JsonCall {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written as JSON; URLSearchParams as a form. */
  readonly body: unknown;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface JsonAnswer {
  readonly status: number;
  /** Undefined if it is not JSON. */
  readonly json: unknown;
  /** What the service asks for, in ms; undefined if it does not. */
  readonly retryAfterMs: number | undefined;
}

/** @throws Error if there was no answer: a reason for operators, without the URL */
export async function callJson({ url, headers, body, timeoutMs, signal }: JsonCall): Promise<JsonAnswer> {
  const isForm = body instanceof URLSearchParams;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...(isForm ? {} : { 'content-type': 'application/json' }), ...headers },
      body: isForm ? body : JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await bounded(response);
    return { status: response.status, json: parsed(text), retryAfterMs: retryAfter(response.headers) };
  } catch (error) {
    throw new Error(`no answer (${reasonOf(error)})`, { cause: error });
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(headers: Headers): number | undefined {
  return retryAfterMs(headers.get('retry-after') ?? undefined);
}

/** @param value of the header Retry-After */
export function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

async function bounded(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > maxAnswerBytes) throw new Error('the answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

const maxAnswerBytes = 64 * 1024;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code of a failed connection, or what else the platform calls it; never an address. */
export function reasonOf(error: unknown): string {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') return each.code;
    if (each.name === 'TimeoutError' || each.name === 'AbortError') return each.name;
    if (each.message === 'the answer is too long') return each.message;
  }
  return 'network';
}

/** Within an answer: what is at the path of keys, if it is there. */
export function at(json: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    json,
  );
}
