/** The page object of list requests. Protocol: rest-core.md 2.3. */
import { errors } from './errors.ts';
import { Wire, type WireRequest } from './wire/wire-schema.ts';

/** Null where the client sent none. Pages are counted from 1; showNumber has no upper bound. */
export const wirePagination = Wire.nullable(
  Wire.object(
    {
      pageNumber: Wire.int32({ description: 'from 1' }),
      showNumber: Wire.int32({ description: 'rows per page' }),
    },
    { title: 'Pagination' },
  ),
);

export type Pagination = NonNullable<WireRequest<typeof wirePagination>>;

/** How many rows come before the page. */
export function offsetOf({ pageNumber, showNumber }: Pagination): number {
  return (pageNumber - 1) * showNumber;
}

/** The check of the "loose" endpoints: showNumber below 1 is an empty page and no error. @throws 1001 */
export function requirePagination(pagination: Pagination | null): Pagination {
  if (pagination === null) throw errors.args('pagination is empty');
  if (pagination.pageNumber < 1) throw errors.args('pageNumber is invalid');
  return pagination;
}
