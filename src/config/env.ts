/** The only reader of the process environment. */
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';
import { readTextFile, reasonOf } from './text-file.ts';

export interface Environment {
  /** The TESSERA_* variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Those among them that the file has given: what the process was started with goes before it. */
  readonly fromFile: readonly string[];
}

export const environmentFile = '.env';

/** The environment's TESSERA_* variables, after loading an optional `.env` from the working directory. */
export function readEnvironment(): Environment {
  const added = loadEnvironmentFile();
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('TESSERA_') && value !== undefined) variables[name] = value;
  }
  return { variables, fromFile: added.filter((name) => name in variables) };
}

/** Not Node's own loader: that takes a byte order mark for a part of the first name, and drops it without a word. */
function loadEnvironmentFile(): readonly string[] {
  let text: string;
  try {
    text = readTextFile(environmentFile);
  } catch (error) {
    if (reasonOf(error) === 'ENOENT') return [];
    throw new ConfigError(`${environmentFile}: cannot be read (${reasonOf(error)})`);
  }
  const given = Object.entries(parseEnv(text)).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of given) process.env[name] = value;
  return given.map(([name]) => name);
}

/** By which a worker is told which one it is. */
export const workerPlaceName = 'WORKER_PLACE';

/** Which of the workers of one command this process is, and the one that is started in its place; empty: it is none. */
export function workerPlace(): string {
  return process.env[workerPlaceName] ?? '';
}
