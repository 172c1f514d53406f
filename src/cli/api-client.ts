/**
 * The REST API as commands use it: with the admin secret of the configuration, as an admin account of their own, so that
 * a back end's admin token is not superseded by somebody who looks something up.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { findAdminSecret } from '../config/secrets.ts';
import { StartError } from '../start-error.ts';
import { operatorUserID } from '../token-services.ts';

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

/** How long a command may take. */
const operatorTokenSeconds = 300;

/**
 * @param url of the API; empty: of the server with this configuration on this machine
 * @throws StartError if there is no secret, no server, or it refuses
 */
export async function connectApi(config: Config, url: string): Promise<ApiClient> {
  const base = baseUrl(config, url);
  const secret = findAdminSecret(config);
  if (secret === undefined) {
    throw new StartError('there is no admin secret: set TESSERA_SECRET or --data-dir to those of the server');
  }
  const credentials = { secret, userID: operatorUserID, expireTimeSeconds: operatorTokenSeconds };
  const { token } = await call(`${base}/auth/get_admin_token`, credentials);
  return { post: (path, body) => call(base + path, body, String(token)) };
}

/** Of an endpoint that needs no token. See {@link ApiClient.post}. */
export function postPublic(config: Config, url: string, path: string, body: object): Promise<Record<string, unknown>> {
  return call(baseUrl(config, url) + path, body);
}

function baseUrl(config: Config, url: string): string {
  return url === '' ? `http://${localHost(config.host)}:${config.apiPort}` : url.replace(/\/+$/, '');
}

/** A server that listens everywhere also does so here. */
function localHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

async function call(url: string, body: object, token?: string): Promise<Record<string, unknown>> {
  const headers = { operationID: `cli-${randomUUID()}`, 'Content-Type': 'application/json' };
  let envelope: { errCode: number; errMsg: string; errDlt: string; data?: Record<string, unknown> };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: token === undefined ? headers : { ...headers, token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    envelope = (await response.json()) as typeof envelope;
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new StartError(`no Tessera server answers at ${new URL(url).origin}: ${reason}`, { cause: error });
  }
  const { errCode, errMsg, errDlt, data = {} } = envelope;
  if (errCode !== 0)
    throw new ApiRefusal(`the server refused: ${errCode} ${errMsg}${errDlt === '' ? '' : `: ${errDlt}`}`);
  return data;
}
