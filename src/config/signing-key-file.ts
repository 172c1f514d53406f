/**
 * signing-keys.json in the data directory: the signing keys that `tessera keys` manages. A JSON list of StoredKey,
 * exactly one of which signs; readable by its owner alone, replaced as a whole, never changed in place.
 */
import { closeSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { keyID } from '../protocol/key-id.ts';
import type { AdminKeys } from './admin-keys.ts';
import { ConfigError } from './config.ts';
import { type KeyList, KeyRefusal, type KeyState, type StoredKey } from './key-rotation.ts';
import { readTextFile } from './text-file.ts';

export const signingKeyFileName = 'signing-keys.json';

/**
 * @returns undefined if there is no such file
 * @throws ConfigError naming the file and what is wrong with it, never what it holds
 */
export function readSigningKeyFile(dataDir: string): KeyList | undefined {
  const path = join(dataDir, signingKeyFileName);
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new ConfigError(`${path}: cannot be read (${codeOf(error)})`);
  }
  return parseList(text, path);
}

/** The keys as the server uses them: the one that signs first. */
export function secretsOf([signing, ...others]: KeyList, adminKeys: AdminKeys): readonly [string, ...string[]] {
  const secrets = (key: StoredKey) => ('secret' in key ? ([key.secret] as const) : adminKeys());
  const [first, ...more] = secrets(signing);
  return [first, ...more, ...others.flatMap(secrets)];
}

/**
 * Reads the list, lets `change` make the next one and puts that in its place in one step. Of two at once the second is
 * refused, so that neither loses the other's key.
 * @throws ConfigError as readSigningKeyFile, KeyRefusal if another change is under way or there is no such directory
 */
export function changeSigningKeyFile(dataDir: string, change: (keys: KeyList | undefined) => KeyList): KeyList {
  const path = join(dataDir, signingKeyFileName);
  const draftPath = `${path}.new`;
  const draft = openDraft(draftPath);
  try {
    const keys = change(readSigningKeyFile(dataDir));
    writeSync(draft, `${JSON.stringify(keys, null, 2)}\n`);
    fsyncSync(draft);
    giveToOwnerOf(dataDir, draft);
    renameSync(draftPath, path);
    flushDirectory(dataDir);
    return keys;
  } catch (error) {
    rmSync(draftPath, { force: true });
    throw error;
  } finally {
    closeSync(draft);
  }
}

/** The draft is also the lock: it exists only while a change is under way. */
function openDraft(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    switch (codeOf(error)) {
      case 'EEXIST':
        throw new KeyRefusal(`${path} exists: another change is under way, or one was cut short; then delete it`);
      case 'ENOENT':
        throw new KeyRefusal(`${path}: there is no such data directory; name the server's with --data-dir`);
      default:
        throw new KeyRefusal(`${path} cannot be written (${codeOf(error)})`);
    }
  }
}

/** A key made by root for a server that runs as somebody else must be that server's to read. */
function giveToOwnerOf(dataDir: string, file: number): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dataDir);
  fchownSync(file, uid, gid);
}

/** A rename is only safe from a power cut once its directory is on disk. Windows cannot open directories for that. */
function flushDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** People may write the file too, or a program that hands out secrets; only what is needed has to be there. */
function parseList(text: string, path: string): KeyList {
  const entries = parseJson(text);
  if (!Array.isArray(entries)) throw new ConfigError(`${path}: must hold one JSON list`);
  const keys = entries.map((entry, index) => parseKey(entry, `${path}: key ${index + 1}`));
  const [signing, ...more] = keys.filter(({ state }) => state === 'signing');
  if (signing === undefined || more.length > 0) throw new ConfigError(`${path}: one key must be signing, and only one`);
  const names = new Set(keys.map((key) => ('kid' in key ? key.kid : key.from)));
  if (names.size < keys.length) throw new ConfigError(`${path}: has a key twice`);
  return [signing, ...keys.filter((key) => key !== signing)];
}

/** The parser's own message would repeat a part of the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const states: readonly unknown[] = ['prepared', 'signing', 'verifying'] satisfies KeyState[];
/** 256 bits as base64url have 43, as hexadecimal digits 64; shorter ones are no random keys. */
const shortestSecret = 32;

function parseKey(entry: unknown, where: string): StoredKey {
  if (typeof entry !== 'object' || entry === null) throw new ConfigError(`${where}: must be a JSON object`);
  const { kid, secret, from, state, since, createdAt, tokensEndAt } = entry as Record<string, unknown>;
  if (!states.includes(state)) throw new ConfigError(`${where}: state must be prepared, signing or verifying`);
  const life = { state: state as KeyState, ...instants({ since, tokensEndAt }, where) };
  if (from === 'admin secret' && secret === undefined) return { from, ...life };
  if (from !== undefined) throw new ConfigError(`${where}: needs a secret, or from: "admin secret"`);
  if (typeof secret !== 'string' || secret.length < shortestSecret) {
    throw new ConfigError(`${where}: secret must be a text of at least ${shortestSecret} characters`);
  }
  if (kid !== undefined && kid !== keyID(secret)) throw new ConfigError(`${where}: kid is not that of its secret`);
  return { kid: keyID(secret), ...life, ...instants({ createdAt }, where), secret };
}

/** Those that are there, each of which must be Unix ms. */
function instants<Name extends string>(fields: Record<Name, unknown>, where: string): Partial<Record<Name, number>> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const wrong = given.find(([, value]) => !Number.isSafeInteger(value));
  if (wrong !== undefined) throw new ConfigError(`${where}: ${wrong[0]} must be a time in Unix milliseconds`);
  return Object.fromEntries(given) as Partial<Record<Name, number>>;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
