/** The configuration as one document (rest-core chapter, section 10): OpenIM has a file for each of its processes. */
import type { SettingsReport } from '../../config/run-time-settings.ts';
import { type CallContext, requireAdmin } from '../../kernel/caller.ts';
import { errors } from '../../protocol/errors.ts';

export const configName = 'tessera.config.json';
const versionKey = '$version';

/** @throws 1001 */
export function requireConfigName(name: string): void {
  if (name !== configName) throw errors.args('config name not found');
}

export function toConfigText({ version, settings }: SettingsReport): string {
  const values = settings.map(({ key, value }) => [key, JSON.parse(value)]);
  return JSON.stringify({ [versionKey]: version, ...Object.fromEntries(values) });
}

/** @throws 1002 before the text is looked at, 1001 */
export function toSettings(
  call: CallContext,
  { configName: name, data }: { readonly configName: string; readonly data: string },
): { readonly version: number; readonly values: ReadonlyMap<string, unknown> } {
  requireAdmin(call);
  requireConfigName(name);
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    throw errors.args('data is no JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw errors.args('data is no object');
  const values = new Map<string, unknown>(Object.entries(parsed));
  const version = values.get(versionKey);
  values.delete(versionKey);
  if (typeof version !== 'number' || !Number.isSafeInteger(version)) {
    throw errors.args(`data needs ${versionKey}, as get_config gives it`);
  }
  return { version, values };
}
