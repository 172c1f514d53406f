/** Who may send a part to us: whoever has a URL that we have signed with the upload's own secret, for as long as it says. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Upload } from './file.ts';

/** The query of a URL to send something to, such as `expires=...&signature=...`. @param expiresAt Unix ms */
export function ticketFor({ secret }: Pick<Upload, 'secret'>, what: string, expiresAt: number): string {
  return `expires=${expiresAt}&signature=${signature(secret, what, expiresAt)}`;
}

export function isTicketValid(
  { secret }: Pick<Upload, 'secret'>,
  what: string,
  query: URLSearchParams,
  now: number,
): boolean {
  const expiresAt = Number(query.get('expires'));
  const given = Buffer.from(query.get('signature') ?? '');
  const right = Buffer.from(signature(secret, what, expiresAt));
  return given.length === right.length && timingSafeEqual(given, right) && now < expiresAt;
}

function signature(secret: string, what: string, expiresAt: number): string {
  return createHmac('sha256', secret).update(`${what}\n${expiresAt}`).digest('base64url');
}
