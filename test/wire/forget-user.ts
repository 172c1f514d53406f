/** A user whose record is gone while others still name it: no endpoint does that, operators have been known to. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { World } from './world.ts';

export async function forgetUser(world: World, userID: string): Promise<void> {
  using db = new DatabaseSync(join(world.dataDir, 'tessera.db'), { timeout: 5000 });
  db.prepare('DELETE FROM users WHERE user_id = ?').run(userID);
}
