/**
 * What clients can read as a message's content (conversations-messages chapter, section 4). They drop what they cannot
 * parse but count it all the same, and that unread count never goes away: such content must not be stored.
 */
import { contentTypes, isNotificationContentType } from './numbers/contents.ts';
import { notificationTypes } from './numbers/notices.ts';
import type { JsonObject } from './wire/wire-schema.ts';

/** A value's kind; null is of every kind, as in the Go core. An object stands for one with fields of those kinds. */
type Kind = 'text' | 'integer' | 'number' | 'boolean' | 'texts' | 'object' | 'objects' | Shape;

/** Fields by their lower-case names: the Go core reads them in any case. Unknown fields are of any kind. */
interface Shape {
  readonly [name: string]: Kind;
}

/**
 * Whether the SDKs can parse the content: a JSON object whose known fields are of their kinds. Content of types that
 * they do not parse is always readable.
 */
export function isReadableContent(contentType: number, content: Uint8Array): boolean {
  const shape = shapes.get(contentType) ?? (isNotificationContentType(contentType) ? notification : undefined);
  if (shape === undefined) return true;
  const value = parse(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString());
  if (!isObject(value) || !hasShape(value, shape)) return false;
  return shape !== notification || typeof value.detail !== 'string' || isObject(parse(value.detail));
}

/**
 * Content of a back end, whose fields are loosely typed: numbers in quotes and the like become what clients can parse.
 * What cannot be converted, and unknown fields, stay as they are. Of 1400 it is the object inside `detail`.
 */
export function withReadableKinds(contentType: number, content: JsonObject): JsonObject {
  const shape = contentType === notificationTypes.officialAccount ? official : shapes.get(contentType);
  return shape === undefined ? content : convertFields(content, shape);
}

function convertFields(value: JsonObject, shape: Shape): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      const kind = Object.hasOwn(shape, name.toLowerCase()) ? shape[name.toLowerCase()] : undefined;
      return [name, kind === undefined ? field : converted(field, kind)];
    }),
  );
}

function converted(value: unknown, kind: Kind): unknown {
  if (typeof kind === 'object') return isObject(value) ? convertFields(value, kind) : value;
  switch (kind) {
    case 'text':
      return typeof value === 'number' ? `${value}` : value;
    case 'integer':
      return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    case 'number':
      return typeof value === 'string' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
    case 'boolean':
      return value === 'true' || value === 1 ? true : value === 'false' || value === 0 ? false : value;
    case 'texts':
      return Array.isArray(value) ? value.map((item) => converted(item, 'text')) : value;
    case 'object':
    case 'objects':
      return value;
  }
}

const notification: Shape = { detail: 'text' };

const words: Shape = { content: 'text' };

const picture: Shape = {
  uuid: 'text',
  type: 'text',
  size: 'integer',
  width: 'integer',
  height: 'integer',
  url: 'text',
};

const custom: Shape = { data: 'text', description: 'text', extension: 'text' };

const official: Shape = {
  notificationname: 'text',
  notificationfaceurl: 'text',
  notificationtype: 'integer',
  text: 'text',
  url: 'text',
  mixtype: 'integer',
  ex: 'text',
};

const shapes: ReadonlyMap<number, Shape> = new Map<number, Shape>([
  [contentTypes.text, words],
  [contentTypes.picture, { sourcepath: 'text', sourcepicture: picture, bigpicture: picture, snapshotpicture: picture }],
  [
    contentTypes.sound,
    {
      uuid: 'text',
      soundpath: 'text',
      sourceurl: 'text',
      datasize: 'integer',
      duration: 'integer',
      soundtype: 'text',
    },
  ],
  [
    contentTypes.video,
    {
      videopath: 'text',
      videouuid: 'text',
      videourl: 'text',
      videotype: 'text',
      videosize: 'integer',
      duration: 'integer',
      snapshotpath: 'text',
      snapshotuuid: 'text',
      snapshotsize: 'integer',
      snapshoturl: 'text',
      snapshotwidth: 'integer',
      snapshotheight: 'integer',
      snapshottype: 'text',
    },
  ],
  [
    contentTypes.file,
    {
      filepath: 'text',
      uuid: 'text',
      sourceurl: 'text',
      filename: 'text',
      filesize: 'integer',
      filetype: 'text',
    },
  ],
  [
    contentTypes.atText,
    { text: 'text', atuserlist: 'texts', atusersinfo: 'objects', quotemessage: 'object', isatself: 'boolean' },
  ],
  [
    contentTypes.merger,
    { title: 'text', abstractlist: 'texts', multimessage: 'objects', messageentitylist: 'objects' },
  ],
  [contentTypes.card, { userid: 'text', nickname: 'text', faceurl: 'text', ex: 'text' }],
  [contentTypes.location, { description: 'text', longitude: 'number', latitude: 'number' }],
  [contentTypes.custom, custom],
  [contentTypes.typing, { msgtips: 'text' }],
  [contentTypes.quote, { text: 'text', quotemessage: 'object', messageentitylist: 'objects' }],
  [contentTypes.face, { index: 'integer', data: 'text' }],
  [contentTypes.advancedText, { text: 'text', messageentitylist: 'objects' }],
  [contentTypes.markdown, words],
  [contentTypes.customNoTrigger, custom],
  [contentTypes.customOnlineOnly, custom],
]);

function hasShape(value: Readonly<Record<string, unknown>>, shape: Shape): boolean {
  // Without a list of pairs: every message sent comes by here.
  for (const name in value) {
    const key = name.toLowerCase();
    const kind = Object.hasOwn(shape, key) ? shape[key] : undefined;
    const field = value[name];
    if (kind !== undefined && field !== null && !isOfKind(field, kind)) return false;
  }
  return true;
}

function isOfKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'texts':
      return Array.isArray(value) && value.every((item) => item === null || typeof item === 'string');
    case 'object':
      return isObject(value);
    case 'objects':
      return Array.isArray(value) && value.every((item) => item === null || isObject(item));
    default:
      return isObject(value) && hasShape(value, kind);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns undefined for what is not JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
