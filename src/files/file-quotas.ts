/** What one user may store, send in a day and have under way. Admins speak for whole back ends and have no quota. */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { FileLimits } from './file-limits.ts';
import type { FileStore } from './file-store.ts';

const dayMs = 86_400_000;

/** Judged after the change, which is undone if it was too much. @throws 1001 */
export async function requireFileQuotas(
  tx: Transaction,
  { caller }: CallContext,
  { store, limits, now }: { readonly store: FileStore; readonly limits: FileLimits; readonly now: number },
): Promise<void> {
  if (caller.isAdmin) return;
  const { stored, openUploads, open, sinceThen } = await store.usage(tx, caller.userID, now, now - dayMs);
  if (openUploads > limits.maxOpenUploads) throw errors.args(`more than ${limits.maxOpenUploads} uploads under way`);
  if (stored + open > limits.filesQuotaBytes) {
    throw errors.args(`the files are over ${limits.filesQuotaBytes} bytes together`);
  }
  if (sinceThen > limits.maxFileBytesPerDay) {
    throw errors.args(`the uploads of a day are over ${limits.maxFileBytesPerDay} bytes`);
  }
}
