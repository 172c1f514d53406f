/** How far an interrupted import of users came, kept in the data directory. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UsersReport } from './import-users.ts';

interface Checkpoint {
  /** Tells the file from others, and from itself after a change. */
  readonly file: string;
  readonly report: UsersReport;
}

/** @returns undefined if no import of this file was interrupted here */
export function loadUsersCheckpoint(dataDir: string, file: string): UsersReport | undefined {
  try {
    const kept = JSON.parse(readFileSync(pathIn(dataDir), 'utf8')) as Checkpoint;
    return kept.file === file ? kept.report : undefined;
  } catch {
    return undefined;
  }
}

export function saveUsersCheckpoint(dataDir: string, checkpoint: Checkpoint): void {
  const draft = `${pathIn(dataDir)}.new`;
  writeFileSync(draft, JSON.stringify(checkpoint), { mode: 0o600 });
  renameSync(draft, pathIn(dataDir));
}

export function dropUsersCheckpoint(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'users-import.json');
}
