/**
 * Settings from four sources, the earlier winning: flags, TESSERA_* environment, `tessera.config.json`, defaults.
 * Everything is checked here, before a port opens; each problem names the key and where it came from.
 */
import { isIP } from 'node:net';
import { checkPostgresUrl } from '../database/postgres-url.ts';
import { cronFault, timeZoneFault } from '../kernel/cron.ts';
import { StoreUrlError } from '../kernel/store-url.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import { userIDFault } from '../protocol/user-id.ts';
import { parseRedisUrl } from '../redis/client/redis-url.ts';
import { operatorUserID } from '../tokens/operator.ts';
import type { LoginPolicy } from '../tokens/policy.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { exposure } from './file-modes.ts';
import { widerLimits } from './limits.ts';
import { nodeProblems } from './node-settings.ts';
import { parseOauthClients } from './oauth-clients.ts';
import { type OptionInfo, type OptionKey, type Options, optionInfos } from './options.ts';
import { parsePlatformTtls, parsePolicyTable, parsePushByPlatform } from './platform-tables.ts';
import { publicUrlProblems } from './public-url.ts';
import { publishedDefault, secretFault } from './secret-rules.ts';
import { readTextFile, reasonOf } from './text-file.ts';

/** Validated settings; durations in milliseconds. */
export interface Config
  extends Omit<
    Readonly<Options>,
    | 'tokenTtl'
    | 'tokenTtlByPlatform'
    | 'maxTokenTtl'
    | 'sessionTtl'
    | 'storeDownGrace'
    | 'shutdownTimeout'
    | 'drainSpread'
    | 'revokeWithin'
    | 'retainMessages'
    | 'retainTokenEvents'
    | 'retainClientLogs'
    | 'retainFiles'
    | 'editWithin'
    | 'loginPolicyTable'
    | 'oauthClients'
    | 'pushByPlatform'
  > {
  readonly tokenTtlMs: number;
  /** By platform ID. */
  readonly tokenTtlByPlatformMs: ReadonlyMap<number, number>;
  readonly maxTokenTtlMs: number;
  readonly sessionTtlMs: number;
  readonly storeDownGraceMs: number;
  readonly shutdownTimeoutMs: number;
  readonly drainSpreadMs: number;
  /** 0: no limit. */
  readonly revokeWithinMs: number;
  /** 0: for ever. */
  readonly retainMessagesMs: number;
  /** 0: no limit but that of their number. */
  readonly retainTokenEventsMs: number;
  /** 0: for ever. */
  readonly retainClientLogsMs: number;
  readonly retainFilesMs: number;
  /** 0: no limit. */
  readonly editWithinMs: number;
  /** Of login policy `custom`; empty otherwise. */
  readonly loginPolicyTable: LoginPolicy;
  /** Of push tokens that do not say whose they are, by platform ID. */
  readonly pushByPlatform: ReadonlyMap<number, PushProviderName>;
  /** Secret by client ID. */
  readonly oauthClients: ReadonlyMap<string, string>;
  readonly origin: Origin;
}

/** What a configuration was made of. */
export interface Origin {
  /** As they are written. */
  readonly settings: Options;
  readonly sources: Sources;
}

/** Where each setting comes from. */
export type Sources = Readonly<Record<OptionKey, 'default' | 'file' | 'environment' | 'flag'>>;

export interface ConfigSources {
  /** Flag name without dashes (`api-port`) → text, or true for a bare switch. */
  readonly flags?: Readonly<Record<string, string | boolean>>;
  /** TESSERA_* variables; others are not ours and are ignored. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A file that some of these variables came from. */
  readonly environmentFile?: { readonly path: string; readonly names: readonly string[] };
  /** Configuration file; a missing file is an error only when it was named. Undefined: no file. */
  readonly file?: { readonly path: string; readonly isRequired: boolean };
}

export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** @throws ConfigError listing every problem found, one per line. */
export function loadConfig(sources: ConfigSources): Config {
  return load(sources).config;
}

/** With the settings as they are written, before they become what they mean. @throws as loadConfig */
export function load(sources: ConfigSources): { readonly config: Config; readonly settings: Options } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const info of optionInfos) values[info.key] = info.default;
  const inFile = fromFile(sources.file, problems);
  const inEnvironment = fromEnvironment(sources.environment ?? {}, problems);
  const inFlags = fromFlags(sources.flags ?? {}, problems);
  Object.assign(values, inFile, inEnvironment, inFlags);
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));

  const sourceOf = (key: string) =>
    key in inFlags ? 'flag' : key in inEnvironment ? 'environment' : key in inFile ? 'file' : 'default';
  const origins = Object.fromEntries(optionInfos.map(({ key }) => [key, sourceOf(key)])) as Sources;
  const config = toConfig({ settings: values as Options, sources: origins }, problems);
  if (!config.dev) problems.push(...exposedFiles(sources, inFile));
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  checkTogether(config);
  return { config, settings: values as Options };
}

/** The configuration of these settings, judged as at a start but for the files. @throws ConfigError */
export function configOf(settings: Options, sources: Sources): Config {
  const problems: string[] = [];
  const config = toConfig({ settings, sources }, problems);
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  checkTogether(config);
  return config;
}

/** Files with secrets that others may read. */
function exposedFiles({ file, environment = {}, environmentFile }: ConfigSources, inFile: object): string[] {
  const files = [
    { path: file?.path, holds: inFile },
    {
      path: environmentFile?.path,
      holds: fromEnvironment(
        Object.fromEntries((environmentFile?.names ?? []).map((name) => [name, environment[name] ?? ''])),
        [],
      ),
    },
  ];
  return files.flatMap(({ path, holds }) => {
    const fault = path !== undefined && holdsSecret(holds) ? exposure(path) : undefined;
    return fault === undefined ? [] : [`${path}: ${fault}`];
  });
}

function holdsSecret(values: object): boolean {
  const given = new Map(Object.entries(values));
  return optionInfos.some(({ key, isSecret }) => {
    const value: unknown = given.get(key);
    if (isSecret !== true || value === undefined || value === '') return false;
    // A store's URL need not have a password.
    return Array.isArray(value) ? value.length > 0 : !/:\/\/[^@]*$/.test(String(value));
  });
}

/** Texts become what they mean; those that mean nothing are problems. */
function toConfig(origin: Origin, problems: string[]): Config {
  const {
    tokenTtl,
    tokenTtlByPlatform,
    maxTokenTtl,
    sessionTtl,
    storeDownGrace,
    shutdownTimeout,
    drainSpread,
    revokeWithin,
    retainMessages,
    retainTokenEvents,
    retainClientLogs,
    retainFiles,
    editWithin,
    loginPolicyTable,
    oauthClients,
    pushByPlatform,
    ...rest
  } = origin.settings;
  const problem = (where: string) => (text: string) => problems.push(`${where}: ${text}`);
  return {
    ...rest,
    origin,
    tokenTtlMs: parseDuration(tokenTtl) ?? 0,
    tokenTtlByPlatformMs: parsePlatformTtls(tokenTtlByPlatform, problem('TESSERA_TOKEN_TTL_BY_PLATFORM')),
    maxTokenTtlMs: parseDuration(maxTokenTtl) ?? 0,
    sessionTtlMs: parseDuration(sessionTtl) ?? 0,
    storeDownGraceMs: parseDuration(storeDownGrace) ?? 0,
    shutdownTimeoutMs: parseDuration(shutdownTimeout) ?? 0,
    drainSpreadMs: parseDuration(drainSpread) ?? 0,
    revokeWithinMs: parseDuration(revokeWithin) ?? 0,
    retainMessagesMs: parseDuration(retainMessages) ?? 0,
    retainTokenEventsMs: parseDuration(retainTokenEvents) ?? 0,
    retainClientLogsMs: parseDuration(retainClientLogs) ?? 0,
    retainFilesMs: parseDuration(retainFiles) ?? 0,
    editWithinMs: parseDuration(editWithin) ?? 0,
    loginPolicyTable: parsePolicyTable(loginPolicyTable, problem('TESSERA_LOGIN_POLICY_TABLE')),
    pushByPlatform: parsePushByPlatform(pushByPlatform, problem('TESSERA_PUSH_BY_PLATFORM')),
    oauthClients: parseOauthClients(oauthClients, problem('TESSERA_OAUTH_CLIENTS')),
  };
}

/** The settings as a configuration file that holds the same, without the secret ones. */
export function settingsFile(settings: Options): Record<string, unknown> {
  const plain = optionInfos.filter((info) => info.isSecret !== true);
  return Object.fromEntries(plain.map(({ key }) => [key, settings[key]]));
}

/** Secret settings that are set, by their variables. */
export function secretsSet(settings: Options): readonly string[] {
  return optionInfos
    .filter(({ key, isSecret }) => isSecret === true && settings[key].toString() !== '')
    .map(({ env }) => env);
}

function fromFile(file: ConfigSources['file'], problems: string[]): Record<string, unknown> {
  if (file === undefined) return {};
  let text: string;
  try {
    text = readTextFile(file.path);
  } catch (error) {
    const reason = reasonOf(error);
    if (file.isRequired || reason !== 'ENOENT') problems.push(`${file.path}: cannot be read (${reason})`);
    return {};
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    problems.push(`${file.path}: is not valid JSON`);
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    problems.push(`${file.path}: must hold one JSON object`);
    return {};
  }
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(parsed)) {
    const info = optionInfos.find((candidate) => candidate.key === key);
    if (info === undefined) problems.push(`${file.path}: unknown key ${key}`);
    else if (accept(info, value, `${file.path}: ${key}`, problems)) values[key] = value;
  }
  return values;
}

function fromEnvironment(environment: Readonly<Record<string, string>>, problems: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('TESSERA_')) continue;
    const info = optionInfos.find((candidate) => candidate.env === name);
    if (info === undefined) {
      problems.push(`unknown variable ${name}`);
      continue;
    }
    const value = fromText(info, text);
    if (accept(info, value, name, problems)) values[info.key] = value;
  }
  return values;
}

function fromFlags(flags: Readonly<Record<string, string | boolean>>, problems: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [flag, given] of Object.entries(flags)) {
    const info = optionInfos.find((candidate) => candidate.flag === `--${flag}`);
    if (info === undefined) {
      problems.push(`unknown flag --${flag}`);
      continue;
    }
    const value = typeof given === 'boolean' ? given : fromText(info, given);
    if (accept(info, value, info.flag, problems)) values[info.key] = value;
  }
  return values;
}

/** Text from the environment or a flag in the option's own type; text that does not fit stays text and is refused. */
function fromText(info: OptionInfo, text: string): unknown {
  switch (info.kind) {
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'list':
      return text === '' ? [] : text.split(',').map((item) => item.trim());
    case 'choice':
      return info.choices.find((choice) => String(choice) === text) ?? text;
    case 'text':
    case 'cron':
    case 'duration':
      return text;
  }
}

/** What a value of the option's own type has to be, if it is not; the value is not quoted. */
export function valueFault(info: OptionInfo, value: unknown): string | undefined {
  return fits(info, value) ? undefined : `must be ${expectation(info)}`;
}

function accept(info: OptionInfo, value: unknown, where: string, problems: string[]): boolean {
  const isValid = fits(info, value);
  // The value is not repeated: it may be a secret put under the wrong key.
  if (!isValid) problems.push(`${where}: must be ${expectation(info)}`);
  return isValid;
}

function fits(info: OptionInfo, value: unknown): boolean {
  switch (info.kind) {
    case 'text':
      return typeof value === 'string' && (info.isRequired !== true || value !== '');
    case 'integer':
      return Number.isSafeInteger(value) && isBetween(Number(value), info.minimum, info.maximum);
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return (
        Array.isArray(value) && value.every((item) => typeof item === 'string' && item.length >= info.minItemLength)
      );
    case 'cron':
      return value === 'off' || (typeof value === 'string' && cronFault(value) === undefined);
    case 'duration':
      if (info.mayBeZero === true && value === '0') return true;
      return typeof value === 'string' && isBetween(parseDuration(value) ?? 0, 1, info.maximumMs);
    case 'choice':
      return info.choices.some((choice) => choice === value);
  }
}

function isBetween(value: number, minimum = -Infinity, maximum = Infinity): boolean {
  return value >= minimum && value <= maximum;
}

function expectation(info: OptionInfo): string {
  switch (info.kind) {
    case 'choice':
      return `one of ${info.choices.join(', ')}`;
    case 'duration':
      return `${info.mayBeZero === true ? '0, or ' : ''}a duration such as 90d, 12h, 30m, 10s or 250ms, at most ${formatDuration(info.maximumMs)}`;
    case 'cron':
      return 'a cron expression such as 0 2 * * *, or off';
    case 'integer':
      return `a whole number${range(info.minimum, info.maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'list':
      return info.minItemLength > 1
        ? `a list of texts of at least ${info.minItemLength} characters`
        : 'a list of texts';
    case 'text':
      return info.isRequired === true ? 'a text that is not empty' : 'a text';
  }
}

function range(minimum: number | undefined, maximum: number | undefined): string {
  const from = minimum === undefined ? '' : ` from ${minimum}`;
  return maximum === undefined ? from : `${from} to ${maximum}`;
}

/** Rules between settings, and rules that a type cannot say. */
function checkTogether(config: Config): void {
  const problems: string[] = [];
  problems.push(...urlProblems('TESSERA_DATABASE_URL', config.databaseUrl, checkPostgresUrl));
  problems.push(...urlProblems('TESSERA_REDIS_URL', config.redisUrl, parseRedisUrl));
  problems.push(...nodeProblems(config));
  problems.push(...publicUrlProblems('TESSERA_PUBLIC_URL', config.publicUrl));
  problems.push(...publicUrlProblems('TESSERA_S3_ENDPOINT', config.s3Endpoint));
  problems.push(...publicUrlProblems('TESSERA_S3_PUBLIC_ENDPOINT', config.s3PublicEndpoint));
  if (config.s3Endpoint !== '' && (config.s3AccessKeyID === '' || config.s3SecretAccessKey === '')) {
    problems.push('TESSERA_S3_ENDPOINT: needs TESSERA_S3_ACCESS_KEY_ID and TESSERA_S3_SECRET_ACCESS_KEY');
  }
  problems.push(...secretProblems(config));
  if (config.grafanaUrl !== '' && !/^https?:$/.test(URL.parse(config.grafanaUrl)?.protocol ?? '')) {
    problems.push('TESSERA_GRAFANA_URL: must be an http or https URL');
  }
  if (!config.trustedProxies.every(isAddressRange)) {
    problems.push('TESSERA_TRUSTED_PROXIES: must be IP addresses and ranges such as 10.0.0.0/8');
  }
  problems.push(...[timeZoneFault(config.jobTimeZone) ?? []].flat().map((fault) => `TESSERA_JOB_TIME_ZONE: ${fault}`));
  if (config.adminUserIDs.length === 0) problems.push('TESSERA_ADMIN_USER_IDS: must name at least one user');
  problems.push(...config.adminUserIDs.flatMap(adminProblems));
  if (config.tokenTtlMs < 1000) problems.push('TESSERA_TOKEN_TTL: must be at least 1s');
  const longestMs = Math.max(config.tokenTtlMs, ...config.tokenTtlByPlatformMs.values());
  if (config.maxTokenTtlMs < longestMs) {
    problems.push('TESSERA_MAX_TOKEN_TTL: must be no shorter than the lifetimes that are set');
  }
  if ((config.loginPolicy === 'custom') !== config.loginPolicyTable.length > 0) {
    problems.push('TESSERA_LOGIN_POLICY_TABLE: belongs to TESSERA_LOGIN_POLICY=custom, neither goes without the other');
  }
  if (config.openimTokens !== 'off' && config.redisUrl === '') {
    problems.push("TESSERA_OPENIM_TOKENS: needs TESSERA_REDIS_URL, the Redis that holds OpenIM's tokens");
  }
  problems.push(...limitProblems(config));
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
}

function limitProblems(config: Config): string[] {
  const nameOf = (key: string) => optionInfos.find((info) => info.key === key)?.env ?? key;
  return widerLimits.flatMap(({ wider, narrower, sizeOf = (bytes: number) => bytes }) => {
    const needed = sizeOf(config[narrower]);
    if (config[wider] >= needed) return [];
    return [`${nameOf(wider)}: must be at least ${needed} while ${nameOf(narrower)} is ${config[narrower]}`];
  });
}

function secretProblems({ secret, signingKeys, oauthClients, dev }: Config): string[] {
  const problemsOf = (name: string, secrets: readonly string[]) =>
    secrets.flatMap((each) => secretFault(each, { dev }) ?? []).map((fault) => `${name} ${fault}`);
  return [
    ...problemsOf('TESSERA_SECRET:', secret === '' ? [] : [secret]),
    ...problemsOf('TESSERA_SIGNING_KEYS: the first', signingKeys.slice(0, 1)),
    ...(signingKeys.slice(1).includes(publishedDefault)
      ? problemsOf('TESSERA_SIGNING_KEYS: one', [publishedDefault])
      : []),
    ...problemsOf('TESSERA_OAUTH_CLIENTS: a secret', [...oauthClients.values()]),
  ];
}

function adminProblems(userID: string): string[] {
  const fault = userIDFault(userID);
  if (fault !== undefined) return [`TESSERA_ADMIN_USER_IDS: a user ID ${fault}`];
  // Were it a back end's too, each look at a token list would supersede the back end's token.
  return userID === operatorUserID
    ? [`TESSERA_ADMIN_USER_IDS: ${operatorUserID} belongs to commands such as tessera token`]
    : [];
}

/** `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`. A range of everybody is none to trust. */
function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  // Not an address of one interface (fe80::1%eth0): a range has none.
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && isBetween(Number(prefix), 1, family === 4 ? 32 : 128);
}

function urlProblems(name: string, url: string, check: (url: string) => unknown): string[] {
  if (url === '') return [];
  try {
    check(url);
    return [];
  } catch (error) {
    if (error instanceof StoreUrlError) return [`${name}: must ${error.demand}`];
    throw error;
  }
}
