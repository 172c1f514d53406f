/**
 * Tells which users' rows a commit of the embedded database has changed, of the tables that decide who may write to whom,
 * so that what was read of them can be kept until then. Triggers of the writing connection note every change, whoever makes
 * it; they are temporary: nothing of them is in the file. What another process commits is seen at the next look.
 */
import type { DatabaseSync } from 'node:sqlite';

/** With the column that says whose row it is. */
const watched = { users: 'user_id', conversations: 'owner_user_id', blacks: 'owner_user_id', friends: 'owner_user_id' };

export interface UserChangeListener {
  /** Called before whoever asked for the change is answered. */
  changed(userIDs: ReadonlySet<string>): void;
  /** Nothing is known of what has changed. */
  anythingChanged(): void;
}

export class UserChanges {
  readonly #version: () => unknown;
  readonly #listeners: UserChangeListener[] = [];
  #noted = new Set<string>();
  #seenVersion: unknown;
  #hasLooked = false;

  /** @param writing the connection of all that this process writes; in no transaction yet */
  constructor(writing: DatabaseSync) {
    writing.function('note_user_change', (userID) => {
      this.#noted.add(String(userID));
      return null;
    });
    for (const [table, column] of Object.entries(watched)) writing.exec(triggersOf(table, column));
    const version = writing.prepare('PRAGMA data_version');
    // Half the cost of a row as an object, in every turn that brings messages.
    version.setReturnArrays(true);
    this.#version = () => version.get()?.[0];
    this.#seenVersion = this.#version();
  }

  listen(listener: UserChangeListener): void {
    this.#listeners.push(listener);
  }

  /** To be called when a transaction is over, before anything else runs. Of what was undone it tells as well. */
  tell(): void {
    if (this.#noted.size === 0) return;
    const userIDs = this.#noted;
    this.#noted = new Set();
    for (const listener of this.#listeners) listener.changed(userIDs);
  }

  /** To be called before what is known is used: looks for other processes' commits, once in a turn of the event loop. */
  look(): void {
    if (this.#hasLooked) return;
    const version = this.#version();
    this.#hasLooked = true;
    setImmediate(this.#beginTurn);
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    for (const listener of this.#listeners) listener.anythingChanged();
  }

  readonly #beginTurn = (): void => {
    this.#hasLooked = false;
  };
}

function triggersOf(table: string, column: string): string {
  const on = (event: string, ...rows: string[]) => {
    const notes = rows.map((row) => `note_user_change(${row}.${column})`);
    return `CREATE TEMP TRIGGER ${table}_${event} AFTER ${event} ON main.${table} BEGIN SELECT ${notes}; END;`;
  };
  return on('INSERT', 'NEW') + on('UPDATE', 'OLD', 'NEW') + on('DELETE', 'OLD');
}
