/** What the schemas check of JSON requests, for decoded protobuf messages: bounds, and text that no store can hold. */
import { exceedsBytes, isIDField, type WireBounds } from './bounds.ts';
import { errors } from './errors.ts';

/** Goes by the names of fields, so that no request can be forgotten. @throws 1001 */
export function checkMessage(message: unknown, bounds: WireBounds): void {
  check(message, 'request', bounds);
}

/** @param name of the field */
function check(value: unknown, name: string, bounds: WireBounds): void {
  if (typeof value === 'string') checkText(value, name, isIDField(name), bounds);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    checkLength(value.length, name, bounds);
    if (typeof value[0] === 'number') return;
    for (const element of value) check(element, name, bounds);
  } else if (value instanceof Map) {
    checkLength(value.size, name, bounds);
    for (const [key, element] of value) {
      checkText(String(key), name, true, bounds);
      check(element, name, bounds);
    }
  } else {
    for (const [field, part] of Object.entries(value)) check(part, field, bounds);
  }
}

function checkText(text: string, name: string, isID: boolean, { maxIdBytes }: WireBounds): void {
  if (isID && exceedsBytes(text, maxIdBytes)) throw errors.args(`${name} is over ${maxIdBytes} bytes`);
  // PostgreSQL cannot store it.
  if (text.includes('\0')) throw errors.args('a string holds NUL');
}

function checkLength(length: number, name: string, { maxListItems }: WireBounds): void {
  if (length > maxListItems) throw errors.args(`${name} has more than ${maxListItems} elements`);
}
