/** Another process uses the storage that this one was started on. */
export class InUseError extends Error {
  override name = 'InUseError';
}
