import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { MessageKeys, messageKey } from './sqlite-message-keys.ts';
import { StatementCache } from './statement-cache.ts';

test('M3: a key is known at once, while it is moved, in the table, and after each of them to the next process', async (t) => {
  const file = await File.make(t);
  const first = file.open({ limit: 700 });
  for (let key = 1; key <= 699; key += 1) first.store([[key, key * 2]]);
  assert.deepEqual(first.seqsOf(5), [10]);
  assert.deepEqual(file.afterKill().seqsOf(5), [10]);
  // The one too many: 512 of 700 are moved by the first job, the others by the second.
  first.store([[700, 1400]]);
  assert.deepEqual([first.waiting, first.seqsOf(5), first.seqsOf(699)], [1, [10], [1398]]);
  first.store([[701, 1402]]);
  await first.runNext();
  assert.deepEqual([file.moved(), file.rows()], [512, 701]);
  for (const place of [first, file.afterKill()]) {
    for (const key of [5, 699, 701]) assert.equal(place.seqsOf(key)[0], key * 2);
    assert.deepEqual(place.seqsOf(702), []);
  }
  await first.runNext();
  assert.deepEqual([file.moved(), file.rows(), first.waiting], [700, 1, 0]);
  for (const place of [first, file.afterKill()]) {
    for (const key of [5, 699, 701]) assert.deepEqual(place.seqsOf(key), [key * 2]);
  }
});

test('M3: a move that was cut short is made again, by this process and by the next', async (t) => {
  const file = await File.make(t);
  const first = file.open({ limit: 600 });
  for (let key = 1; key <= 600; key += 1) first.store([[key, 1]]);
  await first.runNext();
  await first.failNext();
  assert.deepEqual([file.moved(), file.rows(), first.waiting], [512, 600, 0]);
  assert.ok(first.seqsOf(1).includes(1) && first.seqsOf(600).includes(1));

  const next = file.afterKill();
  next.store([[601, 1]]);
  while (next.waiting > 0) await next.runNext();
  assert.deepEqual([next.file.moved(), next.file.rows()], [601, 0]);

  for (let key = 601; key <= 1200; key += 1) first.store([[key, 1]]);
  while (first.waiting > 0) await first.runNext();
  assert.deepEqual([file.moved(), file.rows()], [600, 600]);
  first.store([[1201, 1]]);
  while (first.waiting > 0) await first.runNext();
  assert.deepEqual([file.moved(), file.rows()], [1201, 0]);
});

test('M3: a move that took place although it was told to have failed takes no newer keys with it when it is made again', async (t) => {
  const file = await File.make(t);
  const keys = file.open({ limit: 3 });
  for (const key of [1, 2, 3]) keys.store([[key, 1]]);
  await keys.runNext({ isToldToHaveFailed: true });
  assert.deepEqual([file.moved(), file.rows()], [3, 0]);
  for (const key of [4, 5, 6]) keys.store([[key, 1]]);
  await keys.runNext();
  for (const key of [1, 2, 3, 4, 5, 6]) assert.deepEqual(file.afterKill().seqsOf(key), [1], `key ${key}`);
});

test('nothing stays in memory of what could not be committed, and nothing of it is moved', async (t) => {
  const file = await File.make(t);
  const keys = file.open({ limit: 3 });
  keys.store([[7, 1]]);
  for (let key = 1; key <= 9; key += 1) keys.store([[key, 2]], 'ROLLBACK');
  assert.deepEqual([keys.waiting, keys.seqsOf(1), keys.seqsOf(7)], [0, [], [1]]);
  // Begins to move.
  for (const key of [8, 9]) keys.store([[key, 1]]);
  keys.store([[9, 2]], 'ROLLBACK');
  await keys.runNext();
  assert.deepEqual([file.moved(), file.rows(), keys.seqsOf(9)], [3, 0, [1]]);
});

test('messages that share a key are all found, wherever they are', async (t) => {
  const file = await File.make(t);
  const keys = file.open({ limit: 2 });
  keys.store([
    [7, 1],
    [7, 2],
    [7, 2],
  ]);
  assert.deepEqual(keys.seqsOf(7), [1, 2]);
  keys.store([[8, 1]]);
  while (keys.waiting > 0) await keys.runNext();
  keys.store([[7, 3]]);
  assert.deepEqual(keys.seqsOf(7), [1, 2, 3]);
  assert.deepEqual(file.afterKill().seqsOf(7).toSorted(), [1, 2, 3]);
  keys.erase(7, 2);
  assert.deepEqual(keys.seqsOf(7), [1, 3]);
});

test('nothing is moved once it is closed', async (t) => {
  const file = await File.make(t);
  const keys = file.open({ limit: 600 });
  for (let key = 1; key <= 600; key += 1) keys.store([[key, 1]]);
  keys.close();
  await keys.runNext();
  assert.deepEqual([file.moved(), file.rows(), keys.waiting], [512, 600, 0]);
});

test('the parts of a key do not run into each other, and it is a whole number that a double holds', () => {
  const keys = new Set([
    messageKey('ab', 'c', 'd'),
    messageKey('a', 'bc', 'd'),
    messageKey('a', 'b', 'cd'),
    messageKey('', 'abc', 'd'),
    messageKey('1 1', '', 'abcd'),
  ]);
  assert.equal(keys.size, 5);
  for (const key of keys) assert.ok(Number.isSafeInteger(key) && key < 2 ** 52);
});

test('a key is the one under which earlier versions have stored the message', () => {
  for (let number = 0; number < 1000; number += 1) {
    const clientMsgID = `ü${number}`;
    const digest = createHash('sha1').update(`5 ${clientMsgID.length} alice${clientMsgID}si_log`).digest('hex');
    assert.equal(messageKey('alice', clientMsgID, 'si_log'), Number.parseInt(digest.slice(0, 13), 16));
  }
});

/** A database, of which a copy is what a process finds that starts after this one was killed. */
class File {
  readonly #t: TestContext;
  readonly #directory: string;
  readonly #path: string;
  readonly #writing: DatabaseSync;
  #copies = 0;

  static async make(t: TestContext): Promise<File> {
    const directory = await mkdtemp(join(tmpdir(), 'tessera-message-keys-'));
    t.after(() => rm(directory, { recursive: true }));
    const file = new File(t, directory, join(directory, 'db'));
    file.#writing.exec(`PRAGMA journal_mode = WAL;
      CREATE TABLE message_keys (key integer NOT NULL, seq bigint NOT NULL, PRIMARY KEY (key, seq)) WITHOUT ROWID;
      CREATE TABLE message_keys_new (id integer PRIMARY KEY, keys blob NOT NULL)`);
    return file;
  }

  constructor(t: TestContext, directory: string, path: string) {
    this.#t = t;
    this.#directory = directory;
    this.#path = path;
    this.#writing = this.#connect();
  }

  open({ limit = 16_384 } = {}): Place {
    return new Place(this, this.#writing, this.#connect(), limit);
  }

  afterKill(): Place {
    this.#copies += 1;
    const path = join(this.#directory, `copy-${this.#copies}`);
    for (const end of ['', '-wal']) if (existsSync(this.#path + end)) copyFileSync(this.#path + end, path + end);
    return new File(this.#t, this.#directory, path).open({ limit: 3 });
  }

  moved(): number {
    return this.#count('message_keys');
  }

  rows(): number {
    return this.#count('message_keys_new');
  }

  #count(table: string): number {
    return Number(this.#writing.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  }

  #connect(): DatabaseSync {
    const connection = new DatabaseSync(this.#path);
    connection.exec('PRAGMA synchronous = OFF');
    this.#t.after(() => connection.close());
    return connection;
  }
}

/** Keys of one process, whose jobs are run when the test says so. */
class Place {
  readonly file: File;
  readonly #keys: MessageKeys;
  readonly #connection: StatementCache;
  readonly #jobs: { run: () => void; resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(file: File, writing: DatabaseSync, reading: DatabaseSync, limit: number) {
    this.file = file;
    this.#connection = new StatementCache(writing);
    this.#keys = new MessageKeys({
      reading: new StatementCache(reading),
      write: (work) =>
        new Promise((resolve, reject) => this.#jobs.push({ run: () => work(this.#connection), resolve, reject })),
      limit,
    });
  }

  get waiting(): number {
    return this.#jobs.length;
  }

  store(pairs: readonly (readonly [key: number, seq: number])[], end = 'COMMIT'): void {
    this.#connection.exec('BEGIN');
    for (const pair of pairs) this.#keys.add(pair);
    this.#keys.store(this.#connection, pairs);
    this.#connection.exec(end);
    this.#keys.over(end === 'COMMIT');
  }

  seqsOf(key: number): number[] {
    return [...new Set(this.#keys.seqsOf(this.#connection, key))];
  }

  erase(key: number, seq: number): void {
    this.#keys.erase(this.#connection, key, seq);
  }

  close(): void {
    this.#keys.close();
  }

  async runNext({ isToldToHaveFailed = false } = {}): Promise<void> {
    const job = this.#jobs.shift();
    job?.run();
    if (isToldToHaveFailed) job?.reject(new Error('the file was away'));
    else job?.resolve();
    await this.#settled();
  }

  async failNext(): Promise<void> {
    this.#jobs.shift()?.reject(new Error('the disk is full'));
    await this.#settled();
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
