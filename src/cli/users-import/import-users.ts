/** Adds the users of a file, some hundreds at a time. A dry run goes the same way and only looks. */
import type { User } from '../../users/user.ts';
import type { FileRecord } from './read-records.ts';
import { parseUser, type TextLimits } from './user-record.ts';

export interface UsersReport {
  /** Records that have been dealt with. */
  records: number;
  added: number;
  /** Were registered before, or earlier in the file: left as they are. */
  known: number;
  refused: number;
  /** What is wrong with the first that were refused. */
  readonly faults: string[];
}

export interface UsersImportOptions {
  /** Adds those of at most a few hundred users whose ID is free. @returns the IDs that were, or would be, added */
  readonly add: (users: readonly User[]) => Promise<ReadonlySet<string>>;
  /** What an interrupted import has done; its records are passed over. */
  readonly report: UsersReport;
  readonly limits: TextLimits;
  /** Unix ms. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** After each portion, when its users are stored. */
  readonly onPortion: (bytesRead: number) => Promise<void>;
}

export function emptyUsersReport(): UsersReport {
  return { records: 0, added: 0, known: 0, refused: 0, faults: [] };
}

/** @returns false if it was interrupted; the report then says how far it came */
export async function importUsers(records: AsyncIterable<FileRecord>, options: UsersImportOptions): Promise<boolean> {
  const { report, signal, onPortion } = options;
  const done = report.records;
  let portion: FileRecord[] = [];
  for await (const record of records) {
    if (record.number <= done) continue;
    portion.push(record);
    if (portion.length < portionSize) continue;
    await addPortion(portion, options);
    await onPortion(record.bytesRead);
    portion = [];
    if (signal.aborted) return false;
  }
  await addPortion(portion, options);
  return true;
}

async function addPortion(
  portion: readonly FileRecord[],
  { add, report, limits, now }: UsersImportOptions,
): Promise<void> {
  const users = new Map<string, User>();
  for (const { number, fields } of portion) {
    const user = parseUser(fields, now, limits);
    if (typeof user === 'string') {
      report.refused += 1;
      if (report.faults.length < mostFaults) report.faults.push(`record ${number}: ${user}`);
    } else if (users.has(user.userID)) {
      report.known += 1;
    } else {
      users.set(user.userID, user);
    }
  }
  const added = users.size === 0 ? new Set() : await add([...users.values()]);
  report.added += added.size;
  report.known += users.size - added.size;
  report.records += portion.length;
}

const portionSize = 500;
const mostFaults = 10;
