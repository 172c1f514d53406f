/** How much of files may be stored and sent; settings of src/config/limits.ts. Admins have only the first. */
export interface FileLimits {
  readonly maxFileBytes: number;
  /** Of one user. */
  readonly filesQuotaBytes: number;
  readonly maxFileBytesPerDay: number;
  readonly maxOpenUploads: number;
}
