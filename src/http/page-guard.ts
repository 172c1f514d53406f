/**
 * Who may see the pages that are for operators: everybody, or whoever is on this machine or has the token of the pages.
 * Browsers send that as the password of HTTP Basic under any name, Prometheus as that or as Bearer.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { errors } from '../protocol/errors.ts';
import { parseAddress } from './client-network.ts';
import type { Answer, Exchange } from './exchange.ts';
import { contentTypes } from './response-headers.ts';

export interface PageAccess {
  readonly isOpen: boolean;
  /** Empty: nobody has it. */
  readonly token: string;
}

const refusal: Answer = {
  status: 401,
  code: 401,
  contentType: contentTypes.text,
  headers: { 'WWW-Authenticate': 'Basic realm="tessera pages"' },
  body: '401 only from this machine or with TESSERA_PAGES_TOKEN',
};

/**
 * @returns the answer for who may not see the page; undefined for who may
 * @throws RetryLater for who guesses
 */
export async function refusePage(
  { request, origin, surroundings }: Exchange,
  { isOpen, token }: PageAccess,
): Promise<Answer | undefined> {
  if (isOpen || isLocal(request)) return undefined;
  const given = credentialOf(request.headers.authorization ?? '');
  if (given === '' || token === '') return refusal;
  const attempt = async () => {
    if (!timingSafeEqual(digest(given), digest(token))) throw errors.noPermission();
  };
  let answer: Answer | undefined;
  await surroundings.secrets.guard({ ...origin, name: 'pages' }, attempt).catch((error) => {
    if (error.code !== errors.noPermission().code) throw error;
    answer = refusal;
  });
  return answer;
}

/** On this machine, and not through a proxy that runs there. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const isForwarded = ['x-forwarded-for', 'x-real-ip', 'forwarded'].some((name) => headers[name] !== undefined);
  return !isForwarded && parseAddress(socket.remoteAddress ?? '')?.range() === 'loopback';
}

function credentialOf(authorization: string): string {
  const [scheme = '', value = ''] = authorization.split(' ', 2);
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return '';
  const pair = Buffer.from(value, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}

/** Of one length, so that the comparison takes the same time whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
