/** Fields of a receiver's answer, which replace values if they are there: null and absent leave them as they are (3.3). */
import { errors } from '../protocol/errors.ts';
import type { WebhookReply } from './webhook-client.ts';

/** A field of the value's own type. @throws 1001 if it is of another */
export function replaced<Value>(reply: WebhookReply | undefined, field: string, value: Value): Value {
  const given = reply?.[field];
  if (given === undefined || given === null) return value;
  if (typeof given !== typeof value || (typeof given === 'number' && !Number.isSafeInteger(given))) throw wrong(field);
  return given as Value;
}

/** A text in place of one, or of none. @throws 1001 */
export function textOrNull(reply: WebhookReply | undefined, field: string, value: string | null): string | null {
  const given = reply?.[field] ?? value;
  if (given !== null && typeof given !== 'string') throw wrong(field);
  return given;
}

/** A whole number of 32 bits in place of one, or of none. @throws 1001 */
export function int32OrNull(reply: WebhookReply | undefined, field: string, value: number | null): number | null {
  const given = reply?.[field] ?? value;
  if (given === null) return null;
  if (typeof given !== 'number' || given !== (given | 0)) throw wrong(field);
  return given;
}

/** @throws 1001 */
export function trueOrNull(reply: WebhookReply | undefined, field: string): boolean | null {
  const given = reply?.[field] ?? null;
  if (given !== null && typeof given !== 'boolean') throw wrong(field);
  return given;
}

export function wrong(field: string) {
  return errors.args(`the webhook's answer has a wrong ${field}`);
}
