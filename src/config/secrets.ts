/** The admin secret and the signing keys: from the configuration, or kept in the data directory. */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../kernel/start-error.ts';
import { type AdminKeys, adminKeysOf } from './admin-keys.ts';
import { type Config, ConfigError } from './config.ts';
import { exposure } from './file-modes.ts';
import { initialKeys } from './key-rotation.ts';
import { guessableBecause, secretDoubt, secretFault } from './secret-rules.ts';
import { readSigningKeyFile, secretsOf, signingKeyFileName } from './signing-key-file.ts';
import { readTextFile, reasonOf } from './text-file.ts';

/** `setting`: TESSERA_SIGNING_KEYS. `file`: signing-keys.json. `admin secret`: neither is there; see {@link AdminKeys}. */
export type SigningKeySource = 'setting' | 'file' | 'admin secret';

export interface Secrets {
  /** What get_admin_token asks for. */
  readonly adminSecret: string;
  /** The first signs, all verify. At least one. */
  readonly signingKeys: readonly [string, ...string[]];
  readonly signingKeySource: SigningKeySource;
  /** What an `admin secret` among the keys stands for. */
  readonly adminKeys: AdminKeys;
  /** Secrets that people choose or can guess: a token signed with one counts only where the store knows it. */
  readonly needingStore: readonly string[];
  /** What is to be said of secrets that can be guessed. Never a secret itself. */
  readonly warnings: readonly string[];
  /** Where the admin secret was generated to, if this start made it. */
  readonly generatedPath?: string;
}

/**
 * @param config the data directory must exist when no secret is configured.
 * @throws ConfigError if the kept secret is none to use, or signing-keys.json cannot be used, or others may read them;
 *   StartError if no secret can be kept there
 */
export function loadSecrets(config: Config): Secrets {
  const { adminSecret, generatedPath } =
    config.secret === '' ? fromDataDir(config) : { adminSecret: config.secret, generatedPath: undefined };
  const adminKeys = adminKeysOf(adminSecret, config);
  return {
    adminSecret,
    adminKeys,
    ...signingKeysFor(config, adminSecret, adminKeys),
    needingStore: [adminSecret, ...config.signingKeys.filter((key) => guessableBecause(key) !== undefined)],
    warnings: warningsOf(config, adminSecret),
    ...(generatedPath === undefined ? {} : { generatedPath }),
  };
}

/**
 * The admin secret as far as it is there already; makes none.
 * @throws ConfigError if the kept one is none to use
 */
export function findAdminSecret(config: Config): string | undefined {
  if (config.secret !== '') return config.secret;
  return existsSync(keptPath(config)) ? readKept(config) : undefined;
}

/**
 * The key that signs where the admin secret is said to, as far as that is there already; makes none.
 * @throws ConfigError as {@link findAdminSecret}
 */
export function findAdminKey(config: Config): string | undefined {
  const adminSecret = findAdminSecret(config);
  return adminSecret === undefined ? undefined : adminKeysOf(adminSecret, config)()[0];
}

/**
 * The keys that verify tokens, the one that signs first, as far as they are there already; makes none. The admin secret
 * is missing among them while there is none, and is not even looked for where TESSERA_SIGNING_KEYS has the keys.
 * @returns undefined if there are none
 * @throws ConfigError as {@link loadSecrets}
 */
export function findSigningKeys(config: Config): Secrets['signingKeys'] | undefined {
  const [first, ...others] = config.signingKeys.length > 0 ? findSetKeys(config) : findKeptKeys(config);
  return first === undefined ? undefined : [first, ...others];
}

function findSetKeys({ signingKeys, secret, openimTokens }: Config): readonly string[] {
  const adminKeys = adminKeysOf(secret, { openimTokens });
  return signingKeys.flatMap((key) => (key === secret ? adminKeys() : key));
}

function findKeptKeys(config: Config): readonly string[] {
  const adminSecret = findAdminSecret(config);
  const adminKeys = adminSecret === undefined ? () => [] : adminKeysOf(adminSecret, config);
  const keys = readSigningKeyFile(config.dataDir) ?? initialKeys;
  return keys.flatMap((key) => ('secret' in key ? key.secret : adminKeys()));
}

function signingKeysFor(
  config: Config,
  adminSecret: string,
  adminKeys: AdminKeys,
): Pick<Secrets, 'signingKeys' | 'signingKeySource'> {
  const [first, ...others] = config.signingKeys;
  // The admin secret signs nothing, wherever it is named, or it could be guessed from any token.
  const keysOf = (key: string) => (key === adminSecret ? adminKeys() : ([key] as const));
  if (first !== undefined) {
    const [signing, ...more] = keysOf(first);
    return { signingKeys: [signing, ...more, ...others.flatMap(keysOf)], signingKeySource: 'setting' };
  }
  const stored = readSigningKeyFile(config.dataDir);
  refuseExposed(join(config.dataDir, signingKeyFileName), config);
  if (stored !== undefined) return { signingKeys: secretsOf(stored, adminKeys), signingKeySource: 'file' };
  return { signingKeys: adminKeys(), signingKeySource: 'admin secret' };
}

function warningsOf(config: Config, adminSecret: string): readonly string[] {
  const name = config.secret === '' ? keptPath(config) : 'TESSERA_SECRET';
  const warningOf = (where: string, doubt: string | undefined) => (doubt === undefined ? [] : [`${where} ${doubt}`]);
  return [
    ...warningOf(`the admin secret (${name}), which makes anybody an admin,`, secretDoubt(adminSecret)),
    ...config.signingKeys.flatMap((key) => warningOf('one of TESSERA_SIGNING_KEYS', secretDoubt(key))),
  ];
}

function keptPath({ dataDir }: Config): string {
  return join(dataDir, 'secret');
}

function fromDataDir(config: Config): { adminSecret: string; generatedPath: string | undefined } {
  const path = keptPath(config);
  try {
    // wx: two processes that start at once must not each keep a secret of their own.
    const made = randomBytes(32).toString('base64url');
    writeFileSync(path, `${made}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return { adminSecret: made, generatedPath: path };
  } catch (error) {
    if (reasonOf(error) !== 'EEXIST') {
      throw new StartError(`TESSERA_DATA_DIR: cannot write ${path} (${reasonOf(error)})`, { cause: error });
    }
  }
  return { adminSecret: readKept(config), generatedPath: undefined };
}

/** What is kept must be as good as what is set: people write the file too. */
function readKept(config: Config): string {
  const path = keptPath(config);
  const kept = read(path).trim();
  if (kept === '') throw new ConfigError(`${path}: is empty; delete it to have a new secret made`);
  const fault = secretFault(kept, config);
  if (fault !== undefined) throw new ConfigError(`${path}: ${fault}`);
  refuseExposed(path, config);
  return kept;
}

/** What others may read is no secret. @throws ConfigError, except in development */
function refuseExposed(path: string, { dev }: Config): void {
  const fault = dev ? undefined : exposure(path);
  if (fault !== undefined) throw new ConfigError(`${path}: ${fault}`);
}

function read(path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    throw new ConfigError(`${path}: cannot be read (${reasonOf(error)})`);
  }
}
