/** The admin secret and the signing keys: from the configuration, or made once and kept in the data directory. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError } from './config.ts';

export interface Secrets {
  /** What get_admin_token asks for. */
  readonly adminSecret: string;
  /** The first signs, all verify. At least one. */
  readonly signingKeys: readonly [string, ...string[]];
  /** Where the admin secret was generated to, if this start made it. */
  readonly generatedPath?: string;
}

/**
 * @param config the data directory must exist when no secret is configured.
 * @throws ConfigError if the kept secret is empty.
 */
export function loadSecrets(config: Config): Secrets {
  const { adminSecret, generatedPath } =
    config.secret === '' ? fromDataDir(config.dataDir) : { adminSecret: config.secret, generatedPath: undefined };
  const [first = adminSecret, ...others] = config.signingKeys;
  const signingKeys: [string, ...string[]] = [first, ...others];
  return { adminSecret, signingKeys, ...(generatedPath === undefined ? {} : { generatedPath }) };
}

function fromDataDir(dataDir: string): { adminSecret: string; generatedPath: string | undefined } {
  const path = join(dataDir, 'secret');
  try {
    // wx: two processes that start at once must not each keep a secret of their own.
    const made = randomBytes(32).toString('base64url');
    writeFileSync(path, `${made}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return { adminSecret: made, generatedPath: path };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const kept = readFileSync(path, 'utf8').trim();
  if (kept === '') throw new ConfigError(`${path}: is empty; delete it to have a new secret made`);
  return { adminSecret: kept, generatedPath: undefined };
}
