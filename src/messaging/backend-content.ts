/** What a message of a back end has to hold, by its type of content (conversations-messages chapter, 9.1 and 9.2). */
import { errors } from '../protocol/errors.ts';
import { withReadableKinds } from '../protocol/message-content.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { notificationTypes } from '../protocol/numbers/notices.ts';
import type { JsonObject } from '../protocol/wire/wire-schema.ts';

/**
 * The content as it is stored: the fields that clients know are of the kinds that they read, the others as they came.
 * @throws 1001 for a content type that back ends cannot send, or content that lacks what its type needs
 */
export function toBackendContent(contentType: number, content: JsonObject): JsonObject {
  const rule = rules.get(contentType);
  if (rule === undefined) throw errors.args('unsupported content type');
  return rule(withReadableKinds(contentType, content));
}

/** Returns the content with its nested elements in readable kinds. */
type Rule = (content: JsonObject) => JsonObject;

const maxMixType = 5;

/** Content types of back ends whose form is that of an element of a message. */
const elementTypes: ReadonlyMap<string, number> = new Map([
  ['textElem', contentTypes.text],
  ['pictureElem', contentTypes.picture],
  ['soundElem', contentTypes.sound],
  ['videoElem', contentTypes.video],
  ['fileElem', contentTypes.file],
  ['atTextElem', contentTypes.atText],
  ['customElem', contentTypes.custom],
  ['quoteElem', contentTypes.quote],
  ['markdownTextElem', contentTypes.markdown],
]);

const rules: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [contentTypes.text, needing('content')],
  [contentTypes.markdown, needing('content')],
  [contentTypes.picture, checkPictures],
  [contentTypes.sound, needing('sourceUrl', 'duration')],
  [
    contentTypes.video,
    needing('videoUrl', 'videoType', 'videoSize', 'duration', 'snapshotUrl', 'snapshotWidth', 'snapshotHeight'),
  ],
  [contentTypes.file, needing('sourceUrl', 'fileName', 'fileSize')],
  [contentTypes.atText, checkMentions],
  [contentTypes.custom, needing('data')],
  [contentTypes.quote, withCheckedQuote],
  [notificationTypes.officialAccount, checkOfficial],
]);

/** Of the fields that have to be there a text is not empty and a number at least 1. */
function needing(...names: readonly string[]): Rule {
  return (content) => {
    for (const name of names) requireField(content, name);
    return content;
  };
}

function requireField(content: JsonObject, name: string, path = 'content'): void {
  const value = fieldOf(content, name);
  if (typeof value === 'number' ? value < 1 : typeof value !== 'string' || value === '') {
    throw errors.args(`${path}.${name} is empty`);
  }
}

function checkPictures(content: JsonObject): JsonObject {
  for (const name of ['sourcePicture', 'bigPicture', 'snapshotPicture']) {
    const picture = fieldOf(content, name);
    if (!isObject(picture)) throw errors.args(`content.${name} is empty`);
    for (const field of ['type', 'width', 'height', 'url']) requireField(picture, field, `content.${name}`);
  }
  return content;
}

function checkMentions(content: JsonObject): JsonObject {
  const list = fieldOf(content, 'atUserList');
  if (!Array.isArray(list) || list.some((userID) => typeof userID !== 'string')) {
    throw errors.args('content.atUserList is not a list of user IDs');
  }
  return withCheckedQuote(content);
}

/** The user IDs that an at-text names. */
export function mentionedIn(content: JsonObject): readonly string[] {
  const list = fieldOf(content, 'atUserList');
  return Array.isArray(list) ? list.filter((userID) => typeof userID === 'string') : [];
}

function checkOfficial(content: JsonObject): JsonObject {
  for (const name of ['notificationName', 'text']) requireField(content, name);
  const type = fieldOf(content, 'notificationType');
  if (!Number.isInteger(type) || type === 0) throw errors.args('content.notificationType is empty');
  const mixType = fieldOf(content, 'mixType') ?? 0;
  if (typeof mixType !== 'number' || !(mixType >= 0 && mixType <= maxMixType)) {
    throw errors.args(`content.mixType is not between 0 and ${maxMixType}`);
  }
  return withCheckedElements(content);
}

function withCheckedQuote(content: JsonObject): JsonObject {
  const name = nameOf(content, 'quoteMessage');
  const quoted = content[name] ?? null;
  if (quoted === null) return content;
  if (!isObject(quoted)) throw errors.args('content.quoteMessage is not an object');
  return { ...content, [name]: withCheckedElements(quoted) };
}

/** Each element that is there is held to the rule of its own type. */
function withCheckedElements(holder: JsonObject): JsonObject {
  const checked: Record<string, unknown> = { ...holder };
  for (const [element, contentType] of elementTypes) {
    const name = nameOf(holder, element);
    const value = holder[name] ?? null;
    if (value === null) continue;
    if (!isObject(value)) throw errors.args(`${element} is not an object`);
    checked[name] = toBackendContent(contentType, value);
  }
  return checked;
}

function fieldOf(content: JsonObject, name: string): unknown {
  return content[nameOf(content, name)];
}

/** As the content spells it: clients read names in any case. */
function nameOf(content: JsonObject, name: string): string {
  if (Object.hasOwn(content, name)) return name;
  return Object.keys(content).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
