/** What `tessera tokens import` has to say at the end, for people. */
import {
  type ImportReport,
  type Oddity,
  oddities,
  type TokenCount,
  tokenCounts,
  tokensIn,
} from '../redis/openim/openim-import-report.ts';

export interface ImportResult extends ImportReport {
  readonly isDryRun: boolean;
  /** Whether every key has been looked at. */
  readonly isComplete: boolean;
  /** Whether a Cluster moved slots meanwhile. */
  readonly hasMoved: boolean;
  readonly seconds: number;
}

export function formatImport(result: ImportResult): string {
  const { counts, examples, isDryRun, seconds } = result;
  const found = Object.entries(tokenCounts).map(([name, text]) => line(counts[name as TokenCount], text));
  const odd = Object.entries(oddities).flatMap(([name, text]) => {
    const count = counts[name as Oddity];
    return count === 0
      ? []
      : [line(count, text), ...examples[name as Oddity].map((key) => `${indent}${JSON.stringify(key)}`)];
  });
  const total = `${grouped(tokensIn(result))} tokens in ${grouped(counts.hashes)} hashes, in ${seconds.toFixed(1)} s`;
  return [
    isDryRun ? `${total}. Nothing was changed; an import would find:` : `${total}:`,
    ...found.filter((text) => text !== ''),
    ...(odd.length === 0 ? [] : ['', "Odd about OpenIM's keys:", ...odd]),
    ...verdict(result),
  ].join('\n');
}

const indent = ' '.repeat(14);

function line(count: number, text: string): string {
  return count === 0 ? '' : `${grouped(count).padStart(12)}  ${text}`;
}

function verdict({ isComplete, hasMoved, counts }: ImportResult): string[] {
  if (hasMoved) return ['', 'The Cluster moved slots meanwhile, and keys with them: run it again to find all of them.'];
  if (!isComplete) return ['', 'Interrupted. tessera tokens import --resume goes on from here.'];
  if (counts.wrongSecret > 0 && counts.converted + counts.known === 0) {
    return ['', "No token verifies: is TESSERA_SECRET, or one of TESSERA_SIGNING_KEYS, OpenIM's share.secret?"];
  }
  return [];
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}
