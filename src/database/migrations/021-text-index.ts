/**
 * The words of messages, and how far the messages of each log have been indexed. What is in the index can be made anew
 * from the messages: with the cursors at 0 it is.
 */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  for (const statement of dialect === 'sqlite' ? sqlite : postgres) await sql.raw(statement).execute(db);
}

const sqlite = [
  `CREATE TABLE search_logs (log_no integer PRIMARY KEY, log_id text NOT NULL UNIQUE, indexed_seq bigint NOT NULL)`,
  // Words come apart at spaces and nowhere else; the row ID is the log's number and, in the lower 32 bits, the seq.
  `CREATE VIRTUAL TABLE search_words USING fts5(words, content='', contentless_delete=1, tokenize='ascii')`,
  // Merged in small steps of ours: what it does by itself holds up everybody for 20 ms, every tenth time.
  `INSERT INTO search_words (search_words, rank) VALUES ('automerge', 0)`,
];

const postgres = [
  `CREATE TABLE search_logs (log_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    log_id text COLLATE "C" NOT NULL UNIQUE, indexed_seq bigint NOT NULL)`,
  `CREATE TABLE search_words (log_no integer NOT NULL, seq bigint NOT NULL, words tsvector NOT NULL,
    PRIMARY KEY (log_no, seq))`,
  // What waits to be put in is short, for every search looks through it; without it an index entry costs twice as much.
  'CREATE INDEX search_words_by_word ON search_words USING gin (words) WITH (gin_pending_list_limit = 256)',
];
