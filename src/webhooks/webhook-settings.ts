/**
 * Which hooks are on, and how they are asked: in the form of OpenIM's webhooks.yml, so that an existing file works
 * (objects-push-webhooks chapter, 3.2). Keys are compared without regard to case.
 */
import { type Hook, type HookName, hookNames, hookTable } from './hook-table.ts';

export interface HookSetting {
  /** Of one request and its answer. */
  readonly timeoutMs: number;
  /** Of a before-hook: whether what is asked about happens when no answer comes. */
  readonly failedContinue: boolean;
  /** Messages of these content types are passed over. */
  readonly deniedTypes: ReadonlySet<number>;
  /** Of an after-hook: only messages to these receivers, or groups; all if there are none. */
  readonly attentionIDs: ReadonlySet<string>;
}

export interface WebhookSettings {
  /** As it is written. */
  readonly url: string;
  /** Those that are on. */
  readonly hooks: ReadonlyMap<HookName, HookSetting>;
}

/** No hook is waited for longer: the protocol's client has the same limit. */
const longestMs = 15_000;

/**
 * @param parsed the file's content
 * @param problem is told of everything that is wrong in it
 */
export function webhookSettings(
  parsed: unknown,
  problem: (text: string) => void,
): { readonly settings: WebhookSettings; readonly unknownNames: readonly string[] } {
  const hooks = new Map<HookName, HookSetting>();
  const unknownNames: string[] = [];
  let url = '';
  for (const [key, value] of entriesOf(parsed ?? {}, 'the file', problem)) {
    if (key.toLowerCase() === 'url') {
      url = typeof value === 'string' ? value : '';
      continue;
    }
    const name = namesByKey.get(key.toLowerCase());
    if (name === undefined) {
      unknownNames.push(key);
      continue;
    }
    const setting = hookSetting(name, value, problem);
    if (setting !== undefined) hooks.set(name, setting);
  }
  if (hooks.size > 0 && !isHttpUrl(url)) problem('url must begin with http:// or https://');
  return { settings: { url, hooks }, unknownNames };
}

const namesByKey = new Map(hookNames.map((name) => [name.toLowerCase(), name]));

/** @returns undefined if it is off */
function hookSetting(name: HookName, value: unknown, problem: (text: string) => void): HookSetting | undefined {
  const given = new Map(entriesOf(value ?? {}, name, problem).map(([key, item]) => [key.toLowerCase(), item]));
  const take = <Value>(
    key: string,
    byDefault: Value,
    isValid: (item: unknown) => item is Value,
    what: string,
  ): Value => {
    const item = given.get(key) ?? byDefault;
    if (isValid(item)) return item;
    problem(`${name}.${key} must be ${what}`);
    return byDefault;
  };
  const isOn = take('enable', false, isBoolean, 'true or false');
  const seconds = take('timeout', 5, isNumber, 'a number of seconds');
  const failedContinue = take('failedcontinue', false, isBoolean, 'true or false');
  const deniedTypes = new Set(take('deniedtypes', [], isListOf(isNumber), 'a list of numbers'));
  const attentionIDs = new Set(take('attentionids', [], isListOf(isText), 'a list of texts'));
  if (!isOn) return undefined;
  const timeoutMs = seconds <= 0 ? longestMs : Math.min(seconds * 1000, longestMs);
  const { isFiltered }: Hook = hookTable[name];
  const filters = isFiltered === true ? { deniedTypes, attentionIDs } : noFilters;
  return { timeoutMs, failedContinue, ...filters };
}

const noFilters = { deniedTypes: new Set<number>(), attentionIDs: new Set<string>() };

function entriesOf(value: unknown, what: string, problem: (text: string) => void): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  problem(`${what} must hold keys and values`);
  return [];
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isListOf =
  <Item>(isItem: (item: unknown) => item is Item) =>
  (value: unknown): value is Item[] =>
    Array.isArray(value) && value.every(isItem);
