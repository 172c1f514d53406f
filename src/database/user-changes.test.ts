import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { UserChanges } from './user-changes.ts';

test('tells of the owners of changed rows once, and of a commit of another process when it looks again', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tessera-user-changes-'));
  const path = join(directory, 'db');
  const [own, other] = [new DatabaseSync(path), new DatabaseSync(path)];
  t.after(() => {
    for (const connection of [own, other]) connection.close();
    rmSync(directory, { recursive: true });
  });
  own.exec('PRAGMA journal_mode = WAL; CREATE TABLE users (user_id text, level integer)');
  for (const table of ['conversations', 'blacks', 'friends']) own.exec(`CREATE TABLE ${table} (owner_user_id text)`);
  const told: unknown[] = [];
  const changes = new UserChanges(own);
  changes.listen({
    changed: (userIDs) => told.push([...userIDs]),
    anythingChanged: () => told.push('anything'),
  });

  own.exec(`INSERT INTO users VALUES ('a', 1), ('b', 1); UPDATE users SET level = 2 WHERE user_id = 'a'`);
  own.exec(`INSERT INTO friends VALUES ('c'); DELETE FROM friends`);
  changes.tell();
  changes.tell();
  changes.look();
  assert.deepEqual(told.splice(0), [['a', 'b', 'c']]);

  other.exec(`INSERT INTO users VALUES ('d', 1)`);
  await new Promise((resolve) => setImmediate(resolve));
  changes.look();
  changes.look();
  assert.deepEqual(told, ['anything']);
});
