/** A record that a user keeps on the server, such as a favourite (rest-core chapter, 7.11). */

export interface UserCommandKey {
  readonly userID: string;
  /** The application's own kind of record; not 0. */
  readonly type: number;
  /** The application's own name of the record, unique among the user's records of this type. */
  readonly uuid: string;
}

export interface UserCommand extends UserCommandKey {
  readonly value: string;
  readonly ex: string;
  /** Unix ms. */
  readonly createdAt: number;
}

/** What is to be changed of a record; null leaves a value as it is. */
export interface UserCommandChanges {
  readonly value: string | null;
  readonly ex: string | null;
}
