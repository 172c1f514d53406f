/** How far an import of OpenIM's tokens has come, kept in the same Redis for a while so that it can be resumed. */
import type { RedisClient } from '../client/client.ts';
import { emptyReport, type ImportReport } from './openim-import-report.ts';

export interface ImportCheckpoint {
  readonly report: ImportReport;
  /** By the master's address. */
  positions: Record<string, ImportPosition>;
  /** Which master had which slots; empty where there is one. */
  slotOwners: string;
}

export interface ImportPosition {
  /** Of the server's process: another one makes nothing of the cursor. */
  readonly runID: string;
  /** Of SCAN; `end` when all has been looked at. */
  cursor: string;
}

const key = 'tessera:openim-import';
const keptSeconds = 7 * 86_400;
/** Another one would not know what the counts mean. */
const version = 1;

export function newCheckpoint(): ImportCheckpoint {
  return { report: emptyReport(), positions: {}, slotOwners: '' };
}

/** @returns undefined if there is none, or one of another version */
export async function loadCheckpoint(redis: RedisClient): Promise<ImportCheckpoint | undefined> {
  const text = await redis.get(key);
  if (text === null) return undefined;
  const { version: stored, ...checkpoint } = JSON.parse(text) as ImportCheckpoint & { version: number };
  return stored === version ? checkpoint : undefined;
}

export async function saveCheckpoint(redis: RedisClient, checkpoint: ImportCheckpoint): Promise<void> {
  await redis.command(key, ['SET', key, JSON.stringify({ version, ...checkpoint }), 'EX', String(keptSeconds)]);
}

export async function dropCheckpoint(redis: RedisClient): Promise<void> {
  await redis.command(key, ['DEL', key]);
}
