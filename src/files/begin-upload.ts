/** How every upload begins: its state in the database first, so that whatever the engine then begins is found and cleaned by it. */
import type { CallContext } from '../kernel/caller.ts';
import type { Upload } from './file.ts';
import { requireFileQuotas } from './file-quotas.ts';
import type { UploadsOptions } from './uploads.ts';

/** What the two kinds of uploads do not have in common. */
export type Begun = Pick<Upload, 'kind' | 'name' | 'hash' | 'size' | 'partSize' | 'contentType' | 'group' | 'blobKey'>;

/**
 * @param lifeMs after which it is too old
 * @throws 1001 beyond a quota, and whatever the engine throws: nothing was begun, and nothing counts
 */
export async function beginUpload(
  { store, blobs, unitOfWork, limits, now, randomBytes }: UploadsOptions,
  call: CallContext,
  begun: Begun,
  lifeMs: number,
): Promise<Upload> {
  const createdAt = now();
  const upload: Upload = {
    ...begun,
    id: randomBytes(24).toString('base64url'),
    secret: randomBytes(32).toString('base64url'),
    userID: call.caller.userID,
    engine: blobs.engine,
    engineRef: '',
    completedAs: '',
    createdAt,
    expiresAt: createdAt + lifeMs,
  };
  await unitOfWork.transaction(async (tx) => {
    await store.addUpload(tx, upload);
    await requireFileQuotas(tx, call, { store, limits, now: createdAt });
  });
  const engineRef = await blobs.begin(upload).catch(async (error: unknown) => {
    // Else whoever tries again while the engine has no room would use up what they may begin. If this fails as well, the
    // collection does it in a week.
    await blobs.abandon(upload).catch(() => undefined);
    await unitOfWork.transaction((tx) => store.removeUpload(tx, upload.id)).catch(() => undefined);
    throw error;
  });
  if (engineRef === '') return upload;
  await unitOfWork.transaction((tx) => store.setEngineRef(tx, upload.id, engineRef));
  return { ...upload, engineRef };
}
