/**
 * Turns the bytes of a request body into a JSON value that is safe to walk. Protocol: rest-core.md 2.1.
 */
import { widestBounds } from '../bounds.ts';
import { errors } from '../errors.ts';

/** Nesting that no request needs; deeper values would exhaust the stack of whoever walks them. */
const maxJsonDepth = 256;

/**
 * Values in one body: more than any request needs, and few enough for a parse of tens of milliseconds. Eight megabytes
 * of empty objects take a second, all of it on everybody's thread.
 */
const maxJsonValues = 20 * widestBounds.maxListItems;

/** Bodies with numbers that need all their digits (idHash) are far smaller. */
const maxCarefulLength = 16 * 1024;

/**
 * Parses a body. In one of up to 16 KiB own `__proto__` keys are dropped, and integers beyond 2^53 become raw JSON
 * values (`JSON.isRawJSON`), so that decoders can read them exactly and JSON.stringify writes them back as they came.
 * Larger ones are parsed plainly: a reviver takes forty times as long, all of it on everybody's thread, and `__proto__`
 * is then an own key like any other, which no decoder looks at.
 *
 * Throws errors.args for an empty body, invalid JSON, or too much in it; the detail never quotes the body.
 */
export function parseJsonBody(body: Uint8Array): unknown {
  if (body.length === 0) throw errors.args('body is empty');
  const text = asBuffer(body).toString('utf8');
  // Each value takes two bytes at least, with the bracket or comma before it.
  if (body.length > 2 * maxJsonValues || hasMoreBracketsThan(maxJsonDepth, text)) requireParsable(body);
  try {
    return text.length <= maxCarefulLength && needsCare(text) ? JSON.parse(text, keepExactAndClean) : JSON.parse(text);
  } catch {
    throw errors.args('body is not valid JSON');
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The cheap question first: it settles nearly every body. */
function hasMoreBracketsThan(limit: number, text: string): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++count > limit) return true;
    }
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;

/**
 * Counts brackets and commas outside strings; parsing is left to JSON.parse, so invalid JSON may give either answer.
 * @throws 1001
 */
function requireParsable(body: Uint8Array): void {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inString) {
      if (byte === backslash) i++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) {
      inString = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxJsonDepth) throw errors.args('body is nested too deeply');
      values++;
    } else if (byte === 0x2c) {
      values++;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
  }
  if (values > maxJsonValues) throw errors.args(`body holds more than ${maxJsonValues} values`);
}

/** True where a plain parse could lose something: a `__proto__` key, perhaps written in escapes, or a long number. */
function needsCare(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u00') || longNumber.test(text);
}

// The character before a number inside an object or list; starting with it makes the search three times faster.
const longNumber = /[\s:,[-]\d{16}/;
const integer = /^-?\d+$/;

function keepExactAndClean(key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (key === '__proto__') return undefined;
  const source = context.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return integer.test(source) ? JSON.rawJSON(source) : value;
}

declare global {
  // In V8 since Node 22; TypeScript's library does not know them yet.
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
    rawJSON(text: string): { readonly rawJSON: string };
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}
