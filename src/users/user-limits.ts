/** How much may be stored of and for one user, and read of it at once; settings of src/config/limits.ts. */

/** Bytes are of UTF-8. */
export interface UserLimits {
  readonly maxNicknameBytes: number;
  readonly maxFaceUrlBytes: number;
  readonly maxExBytes: number;
  /** Records that one user keeps. */
  readonly maxUserCommands: number;
  /** Of the value of one record. */
  readonly maxUserCommandBytes: number;
  /** Of the values and ex of all records of a user. */
  readonly userCommandsQuotaBytes: number;
  /** Settings for one user's clients, or for everybody's. */
  readonly maxClientConfigs: number;
  /** Of one value. */
  readonly maxClientConfigBytes: number;
  /** Of all values for one user, or for everybody. */
  readonly clientConfigsQuotaBytes: number;
  /** Uploads of logs that are known of one user. */
  readonly maxClientLogs: number;
  /** Of one upload. */
  readonly maxClientLogFiles: number;
  /** Of each text about one but ex. */
  readonly maxClientLogTextBytes: number;
  /** Rows of one page. */
  readonly maxPageItems: number;
  /** Of stored texts in one answer. */
  readonly maxAnswerBytes: number;
}

/** How much of something is stored. */
export interface Usage {
  readonly count: number;
  readonly bytes: number;
}
