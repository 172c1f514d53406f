/** Into how many bytes a file is cut; clients reckon the same by themselves (objects chapter, 1.4 and 1.5). */
import { errors } from '../protocol/errors.ts';
import type { PartLimits } from './blob-store.ts';

/** @throws 500, as OpenIM does, for a size that no file can have */
export function partSizeFor(size: number, { minPartSize, maxPartSize, maxParts }: PartLimits): number {
  if (size <= 0) throw errors.internal('size must be greater than 0');
  if (size > maxPartSize * maxParts) throw errors.internal('size is too large');
  return size <= minPartSize * maxParts ? minPartSize : Math.ceil(size / maxParts);
}
