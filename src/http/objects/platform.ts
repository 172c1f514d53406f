/** A platform in requests and answers: one table for the API reference. */
import { platformIDs, platforms } from '../../protocol/numbers/platforms.ts';
import { Wire } from '../../protocol/wire/wire-schema.ts';

export const platformID = Wire.int32({
  description: Object.entries(platforms)
    .map(([name, id]) => `${id} ${name}`)
    .join(', '),
  title: 'PlatformID',
  enum: platformIDs,
});
