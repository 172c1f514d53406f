/** The admin secret and the signing keys: from the configuration, or kept in the data directory. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError } from './config.ts';
import { readSigningKeyFile, secretsOf } from './signing-key-file.ts';

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
 * @throws ConfigError if the kept secret is empty, or signing-keys.json cannot be used.
 */
export function loadSecrets(config: Config): Secrets {
  const { adminSecret, generatedPath } =
    config.secret === '' ? fromDataDir(config.dataDir) : { adminSecret: config.secret, generatedPath: undefined };
  return {
    adminSecret,
    ...signingKeysFor(config, adminSecret),
    ...(generatedPath === undefined ? {} : { generatedPath }),
  };
}

/**
 * The admin secret as far as it is there already; makes none.
 * @throws ConfigError if the kept one is empty
 */
export function findAdminSecret(config: Config): string | undefined {
  if (config.secret !== '') return config.secret;
  const path = join(config.dataDir, fileName);
  return existsSync(path) ? readKept(path) : undefined;
}

function signingKeysFor(config: Config, adminSecret: string): Pick<Secrets, 'signingKeys' | 'signingKeySource'> {
  const [first, ...others] = config.signingKeys;
  if (first !== undefined) return { signingKeys: [first, ...others], signingKeySource: 'setting' };
  const stored = readSigningKeyFile(config.dataDir);
  if (stored !== undefined) return { signingKeys: secretsOf(stored, adminSecret), signingKeySource: 'file' };
  return { signingKeys: [adminSecret], signingKeySource: 'admin secret' };
}

const fileName = 'secret';

function fromDataDir(dataDir: string): { adminSecret: string; generatedPath: string | undefined } {
  const path = join(dataDir, fileName);
  try {
    // wx: two processes that start at once must not each keep a secret of their own.
    const made = randomBytes(32).toString('base64url');
    writeFileSync(path, `${made}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return { adminSecret: made, generatedPath: path };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return { adminSecret: readKept(path), generatedPath: undefined };
}

function readKept(path: string): string {
  const kept = readFileSync(path, 'utf8').trim();
  if (kept === '') throw new ConfigError(`${path}: is empty; delete it to have a new secret made`);
  return kept;
}
