/** The admin secret and the signing keys: from the configuration, or kept in the data directory. */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../kernel/start-error.ts';
import { type Config, ConfigError } from './config.ts';
import { exposure } from './file-modes.ts';
import { initialKeys } from './key-rotation.ts';
import { secretFault } from './secret-rules.ts';
import { readSigningKeyFile, secretsOf, signingKeyFileName } from './signing-key-file.ts';
import { readTextFile, reasonOf } from './text-file.ts';

/** `setting`: TESSERA_SIGNING_KEYS. `file`: signing-keys.json. `admin secret`: neither is there, as with OpenIM. */
export type SigningKeySource = 'setting' | 'file' | 'admin secret';

export interface Secrets {
  /** What get_admin_token asks for. */
  readonly adminSecret: string;
  /** The first signs, all verify. At least one. */
  readonly signingKeys: readonly [string, ...string[]];
  readonly signingKeySource: SigningKeySource;
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
  return {
    adminSecret,
    ...signingKeysFor(config, adminSecret),
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
 * The keys that verify tokens, the one that signs first, as far as they are there already; makes none. The admin secret
 * is missing among them while there is none, and is not even looked for where TESSERA_SIGNING_KEYS has the keys.
 * @returns undefined if there are none
 * @throws ConfigError as {@link loadSecrets}
 */
export function findSigningKeys(config: Config): Secrets['signingKeys'] | undefined {
  const [first, ...others] = config.signingKeys.length > 0 ? config.signingKeys : findKeptKeys(config);
  return first === undefined ? undefined : [first, ...others];
}

function findKeptKeys(config: Config): readonly string[] {
  const adminSecret = findAdminSecret(config);
  const keys = readSigningKeyFile(config.dataDir) ?? initialKeys;
  return keys.flatMap((key) => ('secret' in key ? key.secret : (adminSecret ?? [])));
}

function signingKeysFor(config: Config, adminSecret: string): Pick<Secrets, 'signingKeys' | 'signingKeySource'> {
  const [first, ...others] = config.signingKeys;
  if (first !== undefined) return { signingKeys: [first, ...others], signingKeySource: 'setting' };
  const stored = readSigningKeyFile(config.dataDir);
  refuseExposed(join(config.dataDir, signingKeyFileName), config);
  if (stored !== undefined) return { signingKeys: secretsOf(stored, adminSecret), signingKeySource: 'file' };
  return { signingKeys: [adminSecret], signingKeySource: 'admin secret' };
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
