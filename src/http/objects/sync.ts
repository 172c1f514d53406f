/** What incremental syncs of every kind have in common (conversations-messages chapter, 7.5; relations-groups, 10.5). */
import { Wire, type WireSchema } from '../../protocol/wire/wire-schema.ts';
import type { SyncReply } from '../../sync/version-log.ts';

/** What a client has kept. */
export const sinceHead = {
  version: Wire.uint64({ description: 'of the last answer; 0 at first' }),
  versionID: Wire.id({ description: 'of the last answer; empty at first' }),
};

export const sinceVersion = Wire.object({ userID: Wire.id(), ...sinceHead }, { title: 'SinceVersion' });

/** Fields of an answer to {@link sinceVersion}. */
export function changesOf<Req, Res>(item: WireSchema<Req, Res>) {
  return {
    version: Wire.uint64(),
    versionID: Wire.id(),
    full: Wire.bool({ description: 'the version is not known or too old: read everything' }),
    delete: Wire.list(Wire.id()),
    insert: Wire.list(item),
    update: Wire.list(item),
  };
}

/** The values of {@link changesOf}, and `sortVersion` for the kinds that have it. */
export function toChanges<Item, Res>(
  { versionID, version, full, inserted, updated, deleted, sortVersion }: SyncReply<Item>,
  toWire: (item: Item) => Res,
) {
  return {
    version,
    versionID,
    full,
    delete: deleted,
    insert: inserted.map(toWire),
    update: updated.map(toWire),
    sortVersion,
  };
}

export const knownHash = Wire.hash64({ description: 'of the IDs that the client has; 0 for none' });

export const knownIDs = Wire.object({ userID: Wire.id(), idHash: knownHash }, { title: 'KnownIDs' });

/** Fields of an answer to {@link knownIDs}, beside the IDs themselves. */
export const idsHead = {
  version: Wire.uint64(),
  versionID: Wire.id(),
  equal: Wire.bool({ description: 'the client has them all: none are listed' }),
};
