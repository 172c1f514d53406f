/**
 * The REST API as commands use it: with the admin secret of the configuration, as an admin account of their own, so that
 * a back end's admin token is not superseded by somebody who looks something up.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { findAdminSecret } from '../config/secrets.ts';
import { StartError } from '../kernel/start-error.ts';
import { operatorUserID } from '../tokens/operator.ts';
import { UsageError } from './command.ts';
import { isThisMachine } from './loopback.ts';
import { terminalText } from './text-table.ts';

/** The server has answered with an error. */
export class ApiRefusal extends StartError {
  override name = 'ApiRefusal';
}

export interface ApiClient {
  /**
   * @returns the envelope's data
   * @throws StartError with the server's error, for people
   */
  post(path: string, body: object): Promise<Record<string, unknown>>;
}

export interface ApiAddress {
  /** Empty: of the server with this configuration on this machine. */
  readonly url: string;
  /** Secrets and tokens may cross a network in plain text. */
  readonly isInsecure: boolean;
}

/**
 * @throws UsageError if the address is none, or not safe; StartError if there is no secret, no server, or it refuses
 */
export async function connectApi(config: Config, address: ApiAddress): Promise<ApiClient> {
  const base = baseUrl(config, address);
  const secret = findAdminSecret(config);
  if (secret === undefined) {
    throw new StartError('there is no admin secret: set TESSERA_SECRET or --data-dir to those of the server');
  }
  const credentials = { secret, userID: operatorUserID, expireTimeSeconds: operatorTokenSeconds };
  const { token } = await call(`${base}/auth/get_admin_token`, credentials);
  return { post: (path, body) => call(base + path, body, String(token)) };
}

/** Of an endpoint that needs no token. See {@link connectApi} and {@link ApiClient.post}. */
export async function postPublic(
  config: Config,
  address: ApiAddress,
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  return call(baseUrl(config, address) + path, body);
}

/** How long a command may take. */
const operatorTokenSeconds = 300;

/** Without a slash at its end. @throws UsageError */
function baseUrl(config: Config, { url, isInsecure }: ApiAddress): string {
  const parsed = parseUrl(url === '' ? `http://${localHost(config.host)}:${config.apiPort}` : url);
  if (parsed.protocol === 'http:' && !isInsecure && !isThisMachine(parsed.hostname.replace(/^\[|\]$/g, ''))) {
    throw new UsageError(
      `${parsed.origin} is on another machine, and http would show the admin secret and tokens to every network between; use https, or --insecure if you trust them`,
    );
  }
  return parsed.origin + parsed.pathname.replace(/(?<!\/)\/+$/, '');
}

/** @throws UsageError, which does not repeat the text: it may hold a password */
function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    `${url.username}${url.password}${url.search}${url.hash}` !== ''
  ) {
    throw new UsageError(
      'the API has to be at an http or https URL such as https://im.example.com, without user, query and fragment',
    );
  }
  return url;
}

/** A server that listens everywhere also does so here. */
function localHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

async function call(url: string, body: object, token?: string): Promise<Record<string, unknown>> {
  const headers = { operationID: `cli-${randomUUID()}`, 'Content-Type': 'application/json' };
  let envelope: Envelope | null;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: token === undefined ? headers : { ...headers, token },
      body: JSON.stringify(body),
      // The secret is for this server; a redirect would take it to another.
      redirect: 'error',
      signal: AbortSignal.timeout(30_000),
    });
    envelope = (await response.json()) as Envelope | null;
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw noServer(url, reason, error);
  }
  if (typeof envelope?.errCode !== 'number') throw noServer(url, 'the answer is not of its kind');
  const { errCode, errMsg, errDlt, data } = envelope;
  if (errCode === 0) return data ?? {};
  const texts = [errMsg, errDlt].filter((text) => typeof text === 'string' && text !== '');
  throw new ApiRefusal(`the server refused: ${errCode} ${terminalText(texts.join(': '))}`);
}

/** As it comes: whoever answers may be anybody. */
interface Envelope {
  readonly errCode?: unknown;
  readonly errMsg?: unknown;
  readonly errDlt?: unknown;
  readonly data?: Record<string, unknown> | null;
}

function noServer(url: string, reason: string, cause?: unknown): StartError {
  return new StartError(`no Tessera server answers at ${new URL(url).origin}: ${terminalText(reason)}`, { cause });
}
