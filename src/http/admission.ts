/** Who is calling: the checks that precede reading a body. Protocol: rest-core.md 1.3. */
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../kernel/caller.ts';
import { exceedsBytes, widestBounds } from '../protocol/bounds.ts';
import { errors } from '../protocol/errors.ts';
import type { TokenAuthority } from '../tokens/authority.ts';

/** @throws 1001 without the header, if it is empty and may not be, or if it is too long to be logged and handed on */
export function requireOperationID({ headers }: IncomingMessage, mayBeEmpty = false): string {
  const operationID = headers.operationid;
  if (typeof operationID !== 'string' || (operationID === '' && !mayBeEmpty)) {
    throw errors.args('header must have operationID');
  }
  const { maxIdBytes } = widestBounds;
  if (exceedsBytes(operationID, maxIdBytes)) throw errors.args(`operationID is over ${maxIdBytes} bytes`);
  return operationID;
}

/** @throws 1001 without the header, 15xx for a token that is not accepted */
export async function requireToken(
  { headers }: IncomingMessage,
  authority: Pick<TokenAuthority, 'verify'>,
): Promise<Caller> {
  const token = headers.token;
  if (typeof token !== 'string' || token === '') throw errors.args('header must have token');
  return authority.verify(token);
}
