/** The signing keys as `tessera keys` prints them: a table for people, JSON for programs. Never a key itself. */
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { initialKeys, type KeyState, kidOf, retirableAt, type StoredKey } from '../config/key-rotation.ts';
import { findAdminKey, findSigningKeys, type SigningKeySource } from '../config/secrets.ts';
import { readSigningKeyFile, signingKeyFileName } from '../config/signing-key-file.ts';
import { keyID } from '../protocol/key-id.ts';
import { print } from './print.ts';
import { textTable } from './text-table.ts';

/** Times are Unix ms; null where something is not known or does not apply. */
interface KeyRow {
  /** Null for the admin secret's key if the secret is not known here. */
  readonly kid: string | null;
  readonly isAdminSecret: boolean;
  readonly state: KeyState;
  readonly createdAt: number | null;
  /** Of the key that signs. */
  readonly signingSince: number | null;
  /** Of a key that has signed. */
  readonly signedUntil: number | null;
  /** From when on no live token needs it. */
  readonly retirableAt: number | null;
}

export async function printKeys(
  config: Config,
  { longestTtlMs, isJson }: { readonly longestTtlMs: number; readonly isJson: boolean },
): Promise<void> {
  const { source, rows } = findKeys(config, longestTtlMs);
  const path = join(config.dataDir, signingKeyFileName);
  await print(
    isJson
      ? JSON.stringify({ source, path: source === 'file' ? path : null, keys: rows }, null, 2)
      : `${textTable([header, ...rows.map(cells)])}\n\nTimes are UTC. ${explain(source, path)}`,
  );
}

function findKeys(config: Config, longestTtlMs: number): { source: SigningKeySource; rows: readonly KeyRow[] } {
  if (config.signingKeys.length > 0) {
    const keys = findSigningKeys(config) ?? [];
    return { source: 'setting', rows: keys.map((key, index) => settingRow(keyID(key), index === 0)) };
  }
  const adminKey = findAdminKey(config);
  const stored = readSigningKeyFile(config.dataDir);
  const toRow = (key: StoredKey): KeyRow => ({
    kid: kidOf(key, adminKey) ?? null,
    isAdminSecret: 'from' in key,
    state: key.state,
    createdAt: ('createdAt' in key ? key.createdAt : undefined) ?? null,
    signingSince: (key.state === 'signing' ? key.since : undefined) ?? null,
    signedUntil: (key.state === 'verifying' ? key.since : undefined) ?? null,
    retirableAt: retirableAt(key, { longestTtlMs }) ?? null,
  });
  return { source: stored === undefined ? 'admin secret' : 'file', rows: (stored ?? initialKeys).map(toRow) };
}

function settingRow(kid: string, isFirst: boolean): KeyRow {
  const unknown = { createdAt: null, signingSince: null, signedUntil: null, retirableAt: null };
  return { kid, isAdminSecret: false, state: isFirst ? 'signing' : 'verifying', ...unknown };
}

const header = ['KID', 'STATE', 'CREATED', 'SIGNING', 'MAY BE RETIRED'] as const;

function cells(row: KeyRow): readonly string[] {
  return [
    row.kid ?? '(unknown)',
    row.state,
    row.isAdminSecret ? 'admin secret' : minute(row.createdAt, ''),
    minute(row.signingSince, 'since ') + minute(row.signedUntil, 'until '),
    minute(row.retirableAt === null ? null : row.retirableAt + minuteMs - 1, 'from '),
  ];
}

const minuteMs = 60_000;

function minute(at: number | null, prefix: string): string {
  return at === null ? '' : prefix + new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

function explain(source: SigningKeySource, path: string): string {
  switch (source) {
    case 'setting':
      return 'The keys are those of TESSERA_SIGNING_KEYS.';
    case 'file':
      return `The keys are those of ${path}; every node needs a copy.`;
    case 'admin secret':
      return 'The key that is derived from the admin secret signs, until the first `tessera keys rotate`.';
  }
}
