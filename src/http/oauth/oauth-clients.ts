/** Who may use the OAuth endpoints: clients with a secret each, by HTTP Basic or in the form. RFC 6749, section 2.3.1. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { invalidClient, OauthError } from './oauth-error.ts';
import type { OauthForm } from './oauth-form.ts';

export interface OauthCredentials {
  readonly clientID: string;
  /** As it may be meant: what was sent, and what that stands for if the client has escaped it. */
  readonly secrets: readonly string[];
}

export class OauthClients {
  readonly #digests: ReadonlyMap<string, Buffer>;

  /** @param secrets by client ID */
  constructor(secrets: ReadonlyMap<string, string>) {
    this.#digests = new Map([...secrets].map(([clientID, secret]) => [clientID, digest(secret)]));
  }

  /**
   * Takes the same time whatever was sent.
   * @returns the client's ID
   * @throws OauthError invalid_client, also if there are no clients at all
   */
  check({ clientID, secrets }: OauthCredentials): string {
    const known = this.#digests.get(clientID);
    const matches = secrets.map((secret) => timingSafeEqual(digest(secret), known ?? unknownDigest));
    if (known === undefined || !matches.includes(true)) throw invalidClient('unknown client or wrong secret');
    return clientID;
  }
}

/**
 * @param authorization the request's header
 * @throws OauthError invalid_client without credentials that can be read, invalid_request if they come in two ways
 */
export function readCredentials(authorization: string | undefined, form: OauthForm): OauthCredentials {
  const [clientID, secret] = [form.get('client_id'), form.get('client_secret')];
  if (authorization === undefined) {
    if (clientID === undefined || secret === undefined) throw invalidClient('client credentials are missing');
    return { clientID, secrets: [secret] };
  }
  const basic = readBasic(authorization);
  // The ID alone in the form is no second authentication.
  if (secret !== undefined || (clientID !== undefined && clientID !== basic.clientID)) {
    throw new OauthError('invalid_request', 'client credentials come in two ways');
  }
  return basic;
}

/** @throws OauthError invalid_client */
function readBasic(authorization: string): OauthCredentials {
  const [, encoded = ''] = /^Basic +([\w+/=-]+) *$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon === -1) throw invalidClient('the Authorization header must be HTTP Basic');
  const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  // Both are to be escaped as in a form before they are encoded; most clients forget it.
  return { clientID: unescapeForm(id), secrets: [secret, unescapeForm(secret)] };
}

function unescapeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** Of one length, so that the comparison takes the same time whatever was sent. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** No secret has this digest. */
const unknownDigest = Buffer.alloc(32);
