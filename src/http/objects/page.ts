/** How lists of our own endpoints are asked for page by page. */
import { Wire } from '../../protocol/wire/wire-schema.ts';

export const pageRequest = {
  cursor: Wire.id({ description: "The page before's `nextCursor`; empty for the first page." }),
  limit: Wire.int32({ description: 'From 1 to 500; 0 or absent: 50.' }),
};
