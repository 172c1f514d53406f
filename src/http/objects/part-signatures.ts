/** How parts of a file are sent. Protocol: objects-push-webhooks.md 1.6. */
import { Wire } from '../../protocol/wire/wire-schema.ts';

const keyValues = Wire.list(
  Wire.object({ key: Wire.string(), values: Wire.list(Wire.string()) }, { title: 'KeyValues' }),
);

export const partSignatures = Wire.object(
  {
    url: Wire.string(),
    query: keyValues,
    header: keyValues,
    parts: Wire.list(
      Wire.object({ partNumber: Wire.int32(), url: Wire.string(), query: keyValues, header: keyValues }),
    ),
  },
  { title: 'AuthSignParts' },
);
