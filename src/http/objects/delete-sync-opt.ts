/** `deleteSyncOpt` of deletions (conversations-messages chapter, 9.9). */
import { Wire } from '../../protocol/wire/wire-schema.ts';

export const deleteSyncOpt = Wire.object(
  { IsSyncSelf: Wire.bool(), IsSyncOther: Wire.bool() },
  {
    title: 'DeleteSyncOpt',
    description: "IsSyncSelf: the user's other devices are told. IsSyncOther: for everybody; see who may.",
  },
);
